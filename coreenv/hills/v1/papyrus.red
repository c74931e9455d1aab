;redcode-94nop
;name Papyrus
;author corewar-dei
;strategy Three copies a generation: eight processes carry eight cells forwards, then backwards,
;strategy then forwards again, with the same counter running up, down and up. A few bombs fall in
;strategy between. It breeds faster than it can be cleared away.

first   EQU    3601
second  EQU    3011
third   EQU    2756

        ORG    start

start   SPL    1                    ; 8 processes, one after another through every line
        SPL    1
        SPL    1
reed    SPL    @0, first            ; to the copy; A counts the cells read, B those written
        MOV.I  }reed, >reed
        MOV.I  {reed, <turn
turn    SPL    @0, second + 8
again   SPL    @0, third
        MOV.I  }reed, >again
        MOV.I  ink, {3000
ink     DAT    <2667, <1143         ; here the parents end

        END
