;redcode-94nop
;name Halberd
;author corewar-dei
;strategy A one-shot with quick eyes and two edges. Two comparisons, each holding its own pair of
;strategy addresses, see four cells in five cycles; at the first difference one loop starts two
;strategy clears around the place: SPL from below it upwards, DAT from above it downwards. What
;strategy the stun has caught stands still until the other edge comes round.

step    EQU    3240                 ; a multiple of 40
half    EQU    24                   ; the four cells lie this far apart
up      EQU    56                   ; the constants are the best of some 400 settings
down    EQU    18
above   EQU    50                   ; where the next laps start
below   EQU    57

        ORG    near

eyes    DAT    0, 0
under   DAT    0, 0
        DAT    0, 0
near    SNE.I  step + 11, step + 11 + half
        SEQ.I  step + 10 + 2 * half, step + 10 + 3 * half
        JMP    found
        ADD.F  inc, near
        ADD.F  inc, near + 1
        JMP    near
found   MOV.B  near, eyes
        MOV.B  near, under
        ADD.AB #up, under
        SUB.AB #down, eyes
        SPL    #0, 0
edge    MOV.I  stun, >eyes
        MOV.I  kill, <under
        DJN.F  edge, >eyes
stun    SPL    #0, above
kill    DAT    0, -below
inc     DAT    step, step
        DAT    0, 0

        END
