;redcode-94nop
;name Braid
;author corewar-dei
;strategy Two imp spirals of different kinds: 13 points with imps that reach by their
;strategy B-field, 3 points with imps that reach by their A-field. A gate that spoils one
;strategy field leaves the other strand alone.

wide    EQU    2667                 ; 3 points
fine    EQU    3077                 ; 13 points: 13 * 3077 = 40001

        ORG    start

start   SPL    strand
        SPL    1                    ; 16 processes for the fine strand
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    fimp + (k - 1) * fine
        ROF
fimp    MOV.I  0, fine

strand  SPL    1                    ; 8 processes for the wide strand
        SPL    1
        SPL    1
        JMP    }row2
row2    DAT    1, 0
k       FOR    8
        JMP    wimp + (k - 1) * wide
        ROF
wimp    MOV.I  #wide, *0

        END
