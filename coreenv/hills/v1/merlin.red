;redcode-94nop
;name Merlin
;author corewar-dei
;strategy Looks at 80 cells in its first 40 cycles: two comparisons share one jump, and the jump's
;strategy B-operand steps a field of `code`; four ways to step it and one to leave it alone tell
;strategy the five jumps of a group apart, and every group has its own door into the decoder.
;strategy The find is carpeted with SPL; then a stone takes over, which ends as a clear.

hop     EQU    94                   ; between the four cells of one look
look    EQU    (4 * hop)            ; between the five looks of a group
group   EQU    (5 * look)           ; between the four groups
first   EQU    1000                 ; from `code` to the middle look of the first group
step    EQU    2376                 ; a multiple of 8
behind  EQU    (last - point + 2)

        ORG    quick

point   SPL    #dust - point, behind ; on the lattice of the stone
stun    SPL    #dust - point, behind
dust    DAT    dust - point, behind
sight   DAT    0, point - sight + step
throw   MOV.I  stun, @sight
        ADD.AB #step, sight
        DJN.B  throw, #999
        SPL    #0, 0
door    SPL    #0, 0                ; on the lattice
clear   MOV.I  *point, >point
        DJN.F  clear, >point
last    DAT    0, 0

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
        SUB.AB #9, code
carpet  MOV.I  stun, >code
        DJN.B  carpet, #24
        JMP    throw

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
        JMP    throw

        END
