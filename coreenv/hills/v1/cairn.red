;redcode-94nop
;name Cairn
;author corewar-dei
;strategy Two bombs a turn and a spiral of seven points. The bomber keeps its own cells off its
;strategy lattice of ten; it stands behind the spiral, so the imps walk away from it.

ring    EQU    1143
step    EQU    1690                 ; a multiple of 10

        ORG    start

point   DAT    0, 0
throw   SPL    #0, 0
pair    MOV.I  shot, *sight
        MOV.I  shot, @sight
        ADD.F  inc, sight
        JMP    pair
inc     DAT    step, step
sight   DAT    point - sight + step, point - sight + step + 4000
shot    DAT    <5, <ring
        FOR    3
        DAT    0, 0
        ROF
start   SPL    throw
        SPL    1                    ; 32 processes: some will be lost to the own bombs
        SPL    1
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    32
        JMP    imp + (k - 1) * ring
        ROF
imp     MOV.I  #ring, *0

        END
