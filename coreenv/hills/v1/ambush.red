;redcode-94nop
;name Ambush
;author corewar-dei
;strategy A one-shot that compares two cells per look, two looks every three cycles. At the first
;strategy difference it asks which of the two was the enemy and clears from there: one lap of
;strategy SPL, then DAT for ever.

step    EQU    6670
apart   EQU    4000
behind  EQU    (tail - eyes + 3)

        ORG    scan

eyes    DAT    step + 5, step + 5 + apart
scan    ADD.F  inc, eyes
        SNE.I  *eyes, @eyes
        JMP    scan
        JMN.F  near, @eyes
        MOV.AB eyes, eyes           ; not the B side: go for the A side
near    SUB.AB #7, eyes
        MOV.A  #wipe - eyes, eyes
        SPL    #0, 0
clear   MOV.I  *eyes, >eyes
        DJN.F  clear, >eyes
inc     DAT    step, step
wipe    SPL    #kill - eyes, behind
kill    DAT    kill - eyes, behind
tail    DAT    0, 0

        END
