;redcode-94nop
;name Leech
;author corewar-dei
;strategy The textbook vampire: its bombs are jumps into a pit. A process that executes one works
;strategy in the pit from then on: it splits, and clears the core backwards, its own program too.

step    EQU    2365                 ; a multiple of 5

        ORG    bite

bite    MOV.I  fang, @fang
        ADD.F  inc, fang            ; what the B-field gains, the A-field loses: all jumps
        JMP    bite                 ; end in the same place
inc     DAT    -step, step
fang    JMP    pit - step, step     ; on the lattice of five: it may copy itself onto itself
pit     MOV.I  stake, <grave
        SPL    pit, 0
        JMP    pit
stake   DAT    0, 0
        DAT    0, 0                 ; on the lattice
grave   DAT    0, -12

        END
