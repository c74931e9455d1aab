;redcode-94nop
;name Millrace
;author corewar-dei
;strategy A stone that stuns, a gate and a thick spiral: the stone throws SPL; after its tour it
;strategy becomes a two-lap clear, while sixteen imps keep the round open.

ring    EQU    3077
step    EQU    2376
tour    EQU    500

        ORG    start

start   SPL    throw
        SPL    1
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    imp + (k - 1) * ring
        ROF
imp     MOV.I  0, ring
        FOR    8
        DAT    0, 0
        ROF

point   SPL    #wipe - point, last - point + 2
stun    SPL    #wipe - point, last - point + 2
inc     DAT    step, step
sight   DAT    point - sight + 1184, point - sight + 5184
throw   MOV.I  stun, *sight
        MOV.I  stun, @sight
        ADD.F  inc, sight
        DJN.B  throw, #tour
        SPL    #0, 0
clear   MOV.I  *point, >point
        DJN.F  clear, >point
wipe    SPL    #kill - point, last - point + 2
kill    DAT    kill - point, last - point + 2
last    DAT    0, 0

        END
