;redcode-94nop
;name Corkscrew
;author corewar-dei
;strategy A long imp spiral: 32 processes wound round seven points of the core.
;strategy Several processes follow each other through every point, so a hit or a gate
;strategy that stops the first of them does not stop those behind.

step    EQU    1143                 ; 7 * 1143 = 8001
turns   EQU    32

        ORG    start

start   SPL    1                    ; five doublings: 32 processes
        SPL    1
        SPL    1
        SPL    1
        SPL    1
        JMP    }row                 ; the k-th process takes the k-th entry
row     DAT    1, 0
k       FOR    turns
        JMP    imp + (k - 1) * step
        ROF

imp     MOV.I  #step, *0            ; reads its reach from its own A-field

        END
