;redcode-94nop
;name Imp
;author corewar-dei
;strategy The smallest warrior: copies itself one cell ahead and steps onto the copy.
;strategy It hardly ever wins, and it is hard to stop without a gate.

        ORG    imp

imp     MOV.I  0, 1

        END
