;redcode-94nop
;name Brand
;author corewar-dei
;strategy A fire that is carried away before it burns: the old place stays behind as a decoy, which
;strategy costs those who scan for a find the time in which the sparks fly. Sparks come in pairs;
;strategy who runs into one splits for ever and carpets the cells behind. Then the rake clears all.

away    EQU    1088                 ; found, like the rest, by a search of some 1500 settings
step    EQU    3408                 ; a multiple of 16: all twelve cells lie between two pairs
first   EQU    6608                 ; likewise
count   EQU    456                  ; nine in ten of the places there are
lap     EQU    36                   ; from the last cleared cell to the start of the next lap

        ORG    start

spark   MOV.I  -1, >-1              ; writes the SPL before it over the cells behind it
flint   SPL    #0, 2
inc     DAT    step, step
ptr     DAT    spark - ptr - 2 + first, spark - ptr - 1 + first
loop    MOV.I  flint, *ptr
        MOV.I  spark, @ptr
        ADD.F  inc, ptr
        DJN.B  loop, #count
        SPL    #0, 0
clear   MOV.I  rake, >spark - 4     ; any cell before the code serves as the pointer
        DJN.F  clear, >spark - 4    ; two cells a turn: one overwritten, one decremented
rake    DAT    0, lap
from    DAT    rake - from + 1 + away, rake - from + 1

start   MOV.I  <from, {from         ; from the last cell to the first
        FOR    11
        MOV.I  <from, {from
        ROF
        ADD.A  #loop - spark, from
        JMP    *from, 0

        END
