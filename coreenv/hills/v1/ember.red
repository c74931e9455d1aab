;redcode-94nop
;name Ember
;author corewar-dei
;strategy Throws a pair of cells that burn: a process that meets them splits for ever and
;strategy itself carpets the cells behind with SPL. A core clear then removes the ashes.
;strategy All of Ember lies between two neighbouring pairs of its own lattice of 16.

step    EQU    688                  ; a multiple of 16
first   EQU    4016                 ; likewise
count   EQU    499

        ORG    loop

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
        JMP    clear
rake    DAT    0, 20                ; when it lands on the pointer the next lap starts

        END
