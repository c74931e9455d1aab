;redcode-94
;name Eight Shuttles
;author corewar-dei
;strategy A paper of eight processes, woven three times over, and bombs behind it
;
; Found by `dei champion configs/champion.toml` among 396,000 proposals of the built-in operators. The
; replicator wrote it in round 14, anew and not out of an elite; the names and the comments were added
; afterwards, every instruction is as it was found. summary.json says how it was chosen, report.html
; how it fared.
;
; Three SPL 1 make eight processes, all at the same instruction, one after the other. Eight is also
; the length of the paper, from `first` to the bomb: each SPL @0 starts all eight at the place of the
; next copy before there is anything, and then each of them copies one instruction there, as } and >
; count up. The cell a new process arrives at has just been written when its turn comes.
;
; Three such looms at three distances. The first weaves the whole paper; the second and the third
; start with themselves, so their copies have two looms and one. At the end the eight drop a bomb each
; behind the third copy, one beside the other, and then run into their own one, and die; their copies
; weave on. DAT <1, {1 kills who runs it, and counts down what is next to it.
;
; It has nothing to aim with and nothing to hit: no boot, no clear, no imps. 32% of its rounds it wins,
; since bombs and papers written over an opponent kill it in the end; 3% it loses, since there is
; always a copy left; the rest are tied. Against papers, which are everywhere too, nearly all are: 103
; points of 300, its worst class; its best are the vampires, who capture only a few of many.

        org   weave

weave   spl.b 1,            0               ; 2 processes
        spl.b 1,            0               ; 4
        spl.b 1,            0               ; 8

first   spl.b @0,          -2614            ; eight go ahead,
        mov.i }first,       >first          ; eight follow with an instruction each
second  spl.b @0,          -2341
        mov.i }second,      >second
third   spl.b @0,           1410
        mov.i }third,       >third
        mov.i bomb,         >third          ; eight bombs
bomb    dat.f <1,           {1

        end
