;redcode-94nop
;name Palimpsest
;author corewar-dei
;strategy A paper and a stone go separate ways in the first cycles. The stone is carried off and
;strategy keeps scanners and bombers busy; the paper is small, six processes for six cells, and
;strategy every sheet copies itself again and again, each time somewhere else.

away    EQU    1586
near    EQU    7537
drift   EQU    389
step    EQU    2365

        ORG    start

start   MOV.I  <from, {from         ; the five cells of the stone, last one first
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        MOV.I  <from, {from
        SPL    *from, 0
        SPL    1                    ; 6 processes
        MOV.I  -1, 0
        SPL    1
sheet   SPL    @0, near             ; A counts the cells read, B those written
        MOV.I  }sheet, >sheet
        SUB.A  #1, sheet            ; six processes: back to the first cell
        ADD.AB #drift, sheet        ; six times: the next sheet lies elsewhere
        JMP    sheet, <2667
        DAT    <5, <7

mill    SPL    #0, 0
grind   MOV.I  grist, 1200
        ADD.AB #step, grind
        JMP    grind
grist   DAT    <2667, <5334
from    DAT    away, 0

        END
