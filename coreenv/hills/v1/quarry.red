;redcode-94nop
;name Quarry
;author corewar-dei
;strategy Stuns first, kills later: throws SPL bombs at two places per turn of the loop,
;strategy then clears the core twice, with SPL and with DAT.
;strategy Both pointers keep to one cell in eight, and the only own cells on that lattice
;strategy are the doorstep of the clear and its pointer, where the same SPL is welcome.

step    EQU    2376                 ; a multiple of 8
first   EQU    1184                 ; likewise
apart   EQU    4000
count   EQU    500                  ; 2 * 500 bombs: the lattice once

        ORG    loop

point   SPL    #wipe - point, last - point + 2 ; on the lattice
stun    SPL    #wipe - point, last - point + 2
inc     DAT    step, step
ptr     DAT    point - ptr + first, point - ptr + first + apart
loop    MOV.I  stun, *ptr
        MOV.I  stun, @ptr
        ADD.F  inc, ptr
        DJN.B  loop, #count
door    SPL    #wipe - point, last - point + 2 ; on the lattice
clear   MOV.I  *point, >point       ; A-field: what to write, B-field: where
        DJN.F  clear, >point
wipe    SPL    #kill - point, last - point + 2 ; ends the first pass by landing on `point`
kill    DAT    kill - point, last - point + 2
last    DAT    0, 0

        END
