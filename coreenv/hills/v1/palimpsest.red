;redcode-94nop
;name Palimpsest
;author corewar-dei
;strategy A paper and a stone go separate ways in the first cycles. The stone is carried half
;strategy a core away and keeps scanners and bombers busy; the paper fills the rest.

away    EQU    3907
near    EQU    2430
far     EQU    5620
step    EQU    2365

        ORG    start

start   MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        SPL    *from, 0
        SPL    1
        SPL    1
        SPL    1
sheet   SPL    @0, near
        MOV.I  }sheet, >sheet
        MOV.I  {sheet, <leave
        MOV.I  ink, >3100
        MOV.I  ink, }-1700
        DAT    0, 0
ink     DAT    <2667, <1143
leave   JMP    @0, far + 8

mill    SPL    #0, 0
grind   MOV.I  grist, 1200
        ADD.AB #step, grind
        DJN.F  grind, <-200
grist   DAT    <2667, <5334
from    DAT    away, 0

        END
