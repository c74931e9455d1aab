;redcode-94nop
;name Papyrus
;author corewar-dei
;strategy A lean paper: six processes carry six cells, twice a generation. Instead of bombs it
;strategy lays a short SPL carpet, which slows other papers more than it slows this one.

near    EQU    3390
far     EQU    1210

        ORG    start

start   SPL    1                    ; 2 processes
        MOV.I  -1, 0                ; 3: the first overwrites this line, the second splits
        SPL    1                    ; 6
reed    SPL    @0, near
        MOV.I  }reed, >reed
        MOV.I  {reed, <leave
        MOV.I  blot, >-2200
blot    SPL    #0, 970
leave   JMP    @0, far + 6

        END
