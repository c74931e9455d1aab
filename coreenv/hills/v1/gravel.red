;redcode-94nop
;name Gravel
;author corewar-dei
;strategy A self-splitting stone: SPL #0 keeps feeding processes into a tight bombing
;strategy loop, so that a stray hit seldom stops it. The loop's last instruction also
;strategy decrements one cell after another, backwards through the core.

step    EQU    2365                 ; a multiple of 5: no bomb falls on the four loop cells
first   EQU    2360 + 4
stream  EQU    -300

        ORG    seed

seed    SPL    #0, 0
loop    MOV.I  shot, first          ; the B-field is the sight
        ADD.AB #step, loop
        DJN.F  loop, <stream

        FOR    11
        DAT    0, 0
        ROF
shot    DAT    <2667, <5334

        END
