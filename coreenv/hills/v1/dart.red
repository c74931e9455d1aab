;redcode-94nop
;name Dart
;author corewar-dei
;strategy A one-shot that leaves its old place behind for other one-shots and quick-scanners to find.
;strategy It looks at single cells, one in twenty, until one is not empty, and clears from just below
;strategy it: one lap of SPL, then DAT for ever. The step brings up its decoy as look 395 of 400 and
;strategy its own code as look 399, so all others are found before.

away    EQU    3437                 ; all constants: the best of some 600 settings
step    EQU    6860                 ; a multiple of 20
first   EQU    6867
behind  EQU    (last - eye + 3)     ; even: a lap must end with the MOV on `eye`

        ORG    start

eye     DAT    wipe - eye, first    ; A: what to write, B: where to look, then where to write
scan    ADD.AB #step, eye
        JMZ.F  scan, @eye
        SUB.AB #19, eye
        SPL    #0, 0
clear   MOV.I  *eye, >eye
        DJN.F  clear, >eye
wipe    SPL    #kill - eye, behind
kill    DAT    kill - eye, behind
last    DAT    0, 0
from    DAT    last - from + 1 + away, last - from + 1

start   MOV.I  <from, {from         ; from the last cell to the first
        FOR    9
        MOV.I  <from, {from
        ROF
        ADD.A  #scan - eye, from
        JMP    *from, 0

        END
