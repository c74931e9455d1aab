;redcode-94nop
;name Talon
;author corewar-dei
;strategy A fast one-shot: two comparisons, each holding its own pair of addresses, see four
;strategy cells in five cycles. The four lie within half a page of each other, so the find
;strategy needs no asking: a clear of two laps starts just below the lowest.

step    EQU    1240
half    EQU    20
behind  EQU    (last - gate + 2)

        ORG    near

gate    DAT    wipe - gate, 0       ; A: what to write, B: where
inc     DAT    step, step
near    SNE.I  step + 11, step + 11 + half
        SEQ.I  step + 10 + 2 * half, step + 10 + 3 * half
        JMP    found
        ADD.F  inc, near
        ADD.F  inc, near + 1
        JMP    near
found   MOV.B  near, gate
        SUB.AB #half + 5, gate
        SPL    #0, 0
clear   MOV.I  *gate, >gate
        DJN.F  clear, >gate
wipe    SPL    #kill - gate, behind
kill    DAT    kill - gate, behind
last    DAT    0, 0

        END
