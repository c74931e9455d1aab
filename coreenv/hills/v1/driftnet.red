;redcode-94nop
;name Driftnet
;author corewar-dei
;strategy Compares two distant cells per look, two looks every three cycles. Where they
;strategy differ it lays a short carpet of SPL over both and sails on. The tour ends before
;strategy it would meet itself; then it clears the core, first with SPL, then with DAT.

step    EQU    3790                 ; 10 * 379: 19 * 379 = 7201, so 19 looks shift by one lattice cell
apart   EQU    4000
tour    EQU    360
behind  EQU    (last - sight + 4)

        ORG    scan

sight   DAT    0, 0                 ; where to lay the carpet, three cells before the find
        DAT    0, 0
        DAT    0, 0
eyes    DAT    first, first + apart
inc     DAT    step, step
scan    ADD.F  inc, eyes
        SNE.I  *eyes, @eyes
count   DJN.B  scan, #tour
        MOV.F  eyes, sight
        FOR    6
        MOV.I  stun, >sight
        MOV.I  stun, }sight
        ROF
        JMN.B  scan, count
        MOV.I  order, sight
        SPL    #0, 0
clear   MOV.I  *sight, >sight
        DJN.F  clear, >sight
stun    SPL    #0, 0
order   DAT    wipe - sight, behind
wipe    SPL    #kill - sight, behind
kill    DAT    kill - sight, behind
last    DAT    0, 0
first   EQU    (26 + step)

        END
