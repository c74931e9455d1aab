;redcode-94nop
;name Weir
;author corewar-dei
;strategy A stone with a gate and a spiral. The stone's SPL keeps decrementing the cell below it,
;strategy where foreign imps stumble, and its loop sends a stream of decrements through the core.
;strategy Its own imps start ahead of it and are kept slow by the stone's many processes.

reach   EQU    1143                 ; 7 points
step    EQU    2365                 ; a multiple of 5
stream  EQU    -700

        ORG    start

weir    SPL    #0, <weir - 5
loop    MOV.I  shot, shot - loop + step
        ADD.AB #step, loop
        DJN.F  loop, <stream
shot    DAT    <1, <reach
        FOR    6
        DAT    0, 0
        ROF
start   SPL    weir
        SPL    1                    ; 16 processes: some will be lost to the own bombs
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    imp + (k - 1) * reach
        ROF
imp     MOV.I  0, reach

        END
