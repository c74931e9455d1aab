;redcode-94nop
;name Carbon
;author corewar-dei
;strategy The textbook replicator: one process copies the program from its last cell to its
;strategy first, starts the copy with SPL, and goes on to the next place.

step    EQU    1153
size    EQU    (last - head + 1)

        ORG    head

head    NOP    0, 0                 ; A: cells still to copy, B: where the last one went
again   MOV.A  #size, head
        ADD.AB #step, head
copy    MOV.I  {head, <head
        JMN.A  copy, head
        SPL    @head, 0
last    JMP    again

        END
