;redcode-94nop
;name Roundel
;author corewar-dei
;strategy Four processes on an imp ring of three points.
;strategy Each process copies the imp for the next one, a third of the core away,
;strategy so a single bomb takes one process and the others mend the ring.

step    EQU    2667                 ; 3 * 2667 = 8001: three steps move on by one cell

        ORG    start

start   SPL    1                    ; 1 -> 2 -> 4 processes, all at `leap`, one after another
        SPL    1
leap    JMP    }row                 ; every process takes the next entry of the row
row     DAT    1, 0
        JMP    imp
        JMP    imp + step           ; the process before has just copied the imp there
        JMP    imp + 2 * step
        JMP    imp + 3 * step       ; = imp + 1

imp     MOV.I  0, step

        END
