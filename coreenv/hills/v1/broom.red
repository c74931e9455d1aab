;redcode-94nop
;name Broom
;author corewar-dei
;strategy The textbook core clear: writes DAT over one cell after another. The bomb's own B-field
;strategy is the next start, so when it lands on the pointer the sweep begins anew.

        ORG    sweep

hand    DAT    0, 12
dust    DAT    0, 12
sweep   MOV.I  dust, >hand
        JMP    sweep

        END
