;redcode-94nop
;name Vellum
;author corewar-dei
;strategy A paper of eight processes and eight cells. Every process first splits to the place
;strategy where the copy will be, then each of them carries one cell. On the way out they
;strategy make a second copy backwards, and drop sixteen bombs in between.

near    EQU    4297
far     EQU    6584

        ORG    start

start   SPL    1                    ; 8 processes, one after another through every line
        SPL    1
        SPL    1
sheet   SPL    @0, near             ; to the copy; A counts the cells read, B those written
        MOV.I  }sheet, >sheet
        MOV.I  {sheet, <leave       ; the same cells again, last one first
        MOV.I  ink, >3100
        MOV.I  ink, }-1700
        DAT    0, 0
ink     DAT    <2667, <1143
leave   JMP    @0, far + 8

        END
