;redcode-94nop
;name Plough
;author corewar-dei
;strategy Scans and sows at once: one hand looks ahead while the other keeps laying SPL; a find
;strategy moves the furrow there. Its seed has zero fields, so it does not find itself again.
;strategy When the scan comes home both hands turn to clearing.

step    EQU    1020                 ; a multiple of 20: one own cell is on the lattice
behind  EQU    (last - furrow + 2)

        ORG    look

furrow  DAT    0, 200               ; where to sow
eye     DAT    0, wipe - eye + step
look    MOV.I  seed, >furrow
        ADD.AB #step, eye
        JMZ.F  look, @eye
        SLT.AB #last - eye, eye
        JMP    home
        SUB.AB #3, eye
        MOV.B  eye, furrow
        ADD.AB #3, eye
        JMP    look
home    MOV.I  order, furrow
seed    SPL    #0, 0
clear   MOV.I  *furrow, >furrow
        DJN.F  clear, >furrow
wipe    SPL    #kill - furrow, behind
kill    DAT    kill - furrow, behind
order   DAT    wipe - furrow, behind
last    DAT    0, 0

        END
