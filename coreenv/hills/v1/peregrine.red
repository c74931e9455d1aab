;redcode-94nop
;name Peregrine
;author corewar-dei
;strategy Looks at 80 cells in its first 40 cycles: two comparisons share one jump, the jump's
;strategy B-operand says which of five looks it was, its target which of four groups. A find gets
;strategy fourteen bombs, five cells apart. Then a crowded paper takes over: fourteen processes for
;strategy sheets of nine cells, a whole and a half one at a time, with two rows of bombs.

hop     EQU    62                   ; between the four cells of one look
look    EQU    (4 * hop)            ; between the five looks of a group
group   EQU    (5 * look)           ; between the four groups
first   EQU    1990                 ; from `code` to the middle look of the first group
whole   EQU    2578                 ; these and the above: the best of some 300 settings
halves  EQU    1706
last    EQU    1751
near    EQU    7029
far     EQU    1829

        ORG    quick

code    DAT    0, 0                 ; A counts double looks, B single looks from the middle
scale   DAT    2 * look, look
base    DAT    0, first
door04  ADD.AB #group, base
door03  ADD.AB #group, base
door02  ADD.AB #group, base
door01  MUL.F  scale, code
        ADD.AB code, code
        ADD.B  base, code
        SUB.AB #hop, code
seek    ADD.AB #hop, code           ; one of the four cells, or the next thing beyond
        JMZ.F  seek, @code
        SUB.AB #7, code
spray   MOV.I  ink, @code
        ADD.AB #5, code
        DJN.B  spray, #14
        JMP    start

quick
g       FOR    4
        SNE.I  code + first + (g - 1) * group - 2 * look, code + first + (g - 1) * group - 2 * look + hop
        SEQ.I  code + first + (g - 1) * group - 2 * look + 2 * hop, code + first + (g - 1) * group - 2 * look + 3 * hop
        JMP    door&g, {code
        SNE.I  code + first + (g - 1) * group - look, code + first + (g - 1) * group - look + hop
        SEQ.I  code + first + (g - 1) * group - look + 2 * hop, code + first + (g - 1) * group - look + 3 * hop
        JMP    door&g, <code
        SNE.I  code + first + (g - 1) * group, code + first + (g - 1) * group + hop
        SEQ.I  code + first + (g - 1) * group + 2 * hop, code + first + (g - 1) * group + 3 * hop
        JMP    door&g
        SNE.I  code + first + (g - 1) * group + look, code + first + (g - 1) * group + look + hop
        SEQ.I  code + first + (g - 1) * group + look + 2 * hop, code + first + (g - 1) * group + look + 3 * hop
        JMP    door&g, >code
        SNE.I  code + first + (g - 1) * group + 2 * look, code + first + (g - 1) * group + 2 * look + hop
        SEQ.I  code + first + (g - 1) * group + 2 * look + 2 * hop, code + first + (g - 1) * group + 2 * look + 3 * hop
        JMP    door&g, }code
        ROF
start   SPL    1                    ; 1 -> 2 -> 4
        SPL    1
        MOV.I  -1, 0                ; three of the four find an SPL here: 7
        SPL    1                    ; 14
sheet   SPL    @0, whole
        MOV.I  }sheet, >sheet
half    SPL    @0, halves
        MOV.I  }half, >half
        MOV.I  ink, {near
        MOV.I  ink, >far
        MOV.I  {half, <leave
leave   JMP    @0, last
ink     DAT    <2667, <5

        END
