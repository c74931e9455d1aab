;redcode-94nop
;name Quern
;author corewar-dei
;strategy A stone beside an imp ring: the stone wins against what stands still, and where the
;strategy stone is lost the ring still ties. The stone is carried away from its crew first.

ring    EQU    2667
away    EQU    4103
step    EQU    2365
first   EQU    3310

        ORG    start

start   MOV.I  <from, {from         ; the five cells of the stone, last one first
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        SPL    *from, 0
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    4
        JMP    imp + (k - 1) * ring
        ROF
imp     MOV.I  0, ring

mill    SPL    #0, 0
grind   MOV.I  grist, first
        ADD.AB #step, grind
        DJN.F  grind, <-200
grist   DAT    <2667, <5334
from    DAT    away, 0

        END
