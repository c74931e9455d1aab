;redcode-94nop
;name Gravel
;author corewar-dei
;strategy A self-splitting stone: SPL #0 keeps feeding processes into the bombing loop, so that a
;strategy stray hit seldom stops it. It stuns every fifth cell; the last bomb of the tour falls
;strategy on the loop's own jump and lets everybody through to the clear behind it.

step    EQU    895                  ; a multiple of 5
behind  EQU    (last - point + 2)

        ORG    seed

point   DAT    dust - point, behind
seed    SPL    #0, 0
loop    MOV.I  stun, shut - loop + step ; the B-field is the sight
        ADD.AB #step, loop
shut    JMP    loop                 ; the only cell of these five on the lattice
clear   MOV.I  dust, >point
        DJN.F  clear, >point
stun    SPL    #0, 0
dust    DAT    0, behind
last    DAT    0, 0

        END
