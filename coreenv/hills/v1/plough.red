;redcode-94nop
;name Plough
;author corewar-dei
;strategy Scans and sows at once: one hand looks ahead while the other keeps laying SPL; a find
;strategy moves the furrow there. When the scan comes home both hands turn to clearing.

step    EQU    3740                 ; a multiple of 20: one own cell is on the lattice
behind  EQU    (last - furrow + 3)

        ORG    look

furrow  DAT    wipe - furrow, 200   ; A: what to sow, B: where
eye     DAT    0, 19 + step
look    MOV.I  *furrow, >furrow
        ADD.AB #step, eye
        JMZ.F  look, @eye
        SLT.AB #last - eye, eye
        JMP    home
        SUB.AB #3, eye
        MOV.B  eye, furrow
        ADD.AB #3, eye
        JMP    look
home    MOV    #behind, furrow
        SPL    #0, 0
clear   MOV.I  *furrow, >furrow
        DJN.F  clear, >furrow
wipe    SPL    #kill - furrow, behind
kill    DAT    kill - furrow, behind
last    DAT    0, 0

        END
