;redcode-94nop
;name Quarry
;author corewar-dei
;strategy Stuns first, kills later: throws SPL bombs at two places per turn of the loop,
;strategy then clears the core twice, with SPL and with DAT.
;strategy Both pointers keep to one cell in eight, and the only own cells on that lattice
;strategy are the doorstep of the clear and its pointer, where the same SPL is welcome.

step    EQU    4232                 ; a multiple of 8
first   EQU    3392                 ; likewise
apart   EQU    4000
count   EQU    500                  ; 2 * 500 bombs: the lattice once
behind  EQU    (last - point + 3)   ; even: the lap must end with the MOV on `point`

        ORG    loop

point   SPL    #wipe - point, behind ; on the lattice
stun    SPL    #wipe - point, behind
inc     DAT    step, step
ptr     DAT    point - ptr + first, point - ptr + first + apart
loop    MOV.I  stun, *ptr
        MOV.I  stun, @ptr
        ADD.F  inc, ptr
        DJN.B  loop, #count
door    SPL    #wipe - point, behind ; on the lattice
clear   MOV.I  *point, >point       ; A-field: what to write, B-field: where
        DJN.F  clear, >point        ; and spoil the cell in between
wipe    SPL    #kill - point, behind ; ends the first lap by landing on `point`
kill    DAT    kill - point, behind
last    DAT    0, 0

        END
