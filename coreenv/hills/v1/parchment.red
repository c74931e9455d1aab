;redcode-94nop
;name Parchment
;author corewar-dei
;strategy A paper whose sheets never stop: the eight processes of a sheet copy it, wind the counter
;strategy back, move the target on, drop bombs that spoil imps, and begin again. A sheet has to be
;strategy destroyed; it does not wear out.

near    EQU    4297
drift   EQU    811

        ORG    start

start   SPL    1
        SPL    1
        SPL    1
skin    SPL    @0, near             ; to the copy; A counts the cells read, B those written
        MOV.I  }skin, >skin
        SUB.A  #1, skin             ; eight times: back to the first cell
        ADD.AB #drift, skin         ; eight times: the next copy lies elsewhere
        MOV.I  gate, >3100
        MOV.I  gate, }-1700
        JMP    skin, <2667
gate    DAT    <2667, <1143

        END
