;redcode-94nop
;name Ledger
;author corewar-dei
;strategy Every copy of this paper carries a stone: the processes that leave a copy stay behind
;strategy in a short bombing loop instead of dying, so each place keeps throwing bombs.

near    EQU    6601
step    EQU    710

        ORG    start

start   SPL    1
        SPL    1
        SPL    1
page    SPL    @0, near
        MOV.I  }page, >page
        SPL    #0, 0
throw   MOV.I  coin, @coin
        ADD.AB #step, coin
        JMP    throw
coin    DAT    0, 37
        DAT    0, 0

        END
