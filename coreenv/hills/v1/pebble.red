;redcode-94nop
;name Pebble
;author corewar-dei
;strategy The classic small bomber: a DAT on every fourth cell, in an order that reaches
;strategy all parts of the core early. Its four cells lie between its own bombs.

step    EQU    2364                 ; a multiple of 4, so no bomb falls on `loop`..`bomb`

        ORG    loop

loop    ADD.AB #step, bomb
        MOV.I  bomb, @bomb          ; the bomb carries its own address
        JMP    loop
bomb    DAT    #0, #0

        END
