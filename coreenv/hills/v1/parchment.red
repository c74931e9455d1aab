;redcode-94nop
;name Parchment
;author corewar-dei
;strategy A paper against imps: eight processes, one copy by splitting, one by jumping; both
;strategy bombing lines write DATs whose operands decrement the neighbours an imp needs.

near    EQU    1870
far     EQU    4490

        ORG    start

start   SPL    1
        SPL    1
        SPL    1
skin    SPL    @0, near
        MOV.I  }skin, >skin
        MOV.I  gate, {near - 30
        MOV.I  gate, <far - 20
        MOV.I  {skin, <leave
        MOV.I  gate, >1200
gate    DAT    <2667, 5
leave   JMP    @0, far + 8

        END
