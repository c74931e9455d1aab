;redcode-94nop
;name Lamprey
;author corewar-dei
;strategy Two fangs, half a core apart, bite in turn. The pit puts its captives to work: they lay
;strategy SPL backwards through the core, on their own program first, before Lamprey clears it all
;strategy with DAT.

step    EQU    2380                 ; a multiple of 20
tour    EQU    199
behind  EQU    (last - point + 3)

        ORG    bite

point   DAT    kill - point, behind
inc     DAT    -step, step
left    JMP    pit - step - 16, step + 16
right   JMP    pit - step - 4015, step + 4015
bite    MOV.I  left, @left
        MOV.I  right, @right
        ADD.F  inc, left
        ADD.F  inc, right
        DJN.B  bite, #tour
        SPL    #0, 0
clear   MOV.I  *point, >point
        DJN.F  clear, >point
kill    DAT    kill - point, behind
last    DAT    0, 0
        FOR    2
        DAT    0, 0
        ROF
drain   DAT    0, -60
mud     SPL    #0, 0
        DAT    0, 0
        DAT    0, 0
pit     MOV.I  mud, <drain
        SPL    pit, 0
        JMP    pit

        END
