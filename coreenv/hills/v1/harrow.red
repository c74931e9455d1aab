;redcode-94nop
;name Harrow
;author corewar-dei
;strategy A clear with two fronts: one runs up the core with SPL, the other down with DAT at half
;strategy the speed; what they meet is stunned or dead before either has gone the whole way.

        ORG    hold

front   DAT    0, 20
        FOR    8
        DAT    0, 0
        ROF
back    DAT    0, -20
hold    SPL    #0, 0
mow     MOV.I  stun, >front
        MOV.I  kill, <back
        DJN.F  mow, >front
stun    SPL    #0, 24
kill    DAT    0, -20
        DAT    0, 0

        END
