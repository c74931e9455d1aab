;redcode-94nop
;name Quern
;author corewar-dei
;strategy A stone beside an imp ring: the stone wins against what stands still, and where the
;strategy stone is lost the ring still ties. The stone is carried close behind another point of
;strategy the ring; it splits so much that the imps never walk the third of the core back to it.

ring    EQU    2667
away    EQU    (imp + ring - 60 - from)
step    EQU    5105

        ORG    start

start   MOV.I  <from, {from         ; the five cells of the stone, last one first
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        SPL    *from, 0
        SPL    1                    ; 16 processes: some will be lost to the own bombs
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    imp + (k - 1) * ring
        ROF
imp     MOV.I  0, ring

mill    SPL    #0, 0
grind   MOV.I  grist, grist - grind + step
        ADD.AB #step, grind
        JMP    grind
grist   DAT    <2667, <5334
from    DAT    away, 0

        END
