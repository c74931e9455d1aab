;redcode-94nop
;name Lance
;author corewar-dei
;strategy A one-shot with two edges: at the first difference it starts two clears from the place,
;strategy one upwards with SPL, one downwards with DAT, in one loop.

step    EQU    2570
apart   EQU    4000

        ORG    scan

eyes    DAT    step + 9, step + 9 + apart
scan    ADD.F  inc, eyes
        SNE.I  *eyes, @eyes
        JMP    scan
        JMN.F  near, @eyes
        MOV.AB eyes, eyes           ; it was the other one
near    MOV.B  eyes, under
        ADD.AB #4, under            ; `under` stands after `eyes`: this is above the find
        SUB.AB #6, eyes
        SPL    #0, 0
edge    MOV.I  stun, >eyes
        MOV.I  kill, <under
        DJN.F  edge, >eyes
stun    SPL    #0, 26
under   DAT    0, 0
kill    DAT    0, -24
inc     DAT    step, step
        DAT    0, 0

        END
