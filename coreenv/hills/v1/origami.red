;redcode-94nop
;name Origami
;author corewar-dei
;strategy A paper that folds into a stone: after two copies the processes fall into a counted
;strategy SPL bombing loop, the stuns hold what the next generations then overwrite.

near    EQU    3660
far     EQU    5230
step    EQU    1190

        ORG    start

start   SPL    1
        MOV.I  -1, 0
        SPL    1
        SPL    1                    ; 12 processes
fold    SPL    @0, near
        MOV.I  }fold, >fold
        SPL    @crease, 0
        MOV.I  {fold, <crease
        SPL    #0, 0
stone   MOV.I  stun, @stun
        ADD.AB #step, stun
        JMP    stone
stun    SPL    #0, 17
        DAT    0, 0
        DAT    0, 0
crease  DAT    0, far + 12

        END
