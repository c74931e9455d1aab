;redcode-94nop
;name Hobby
;author corewar-dei
;strategy A quick look at 36 cells, three pairs to a note, and a strike with SPL where a pair
;strategy differs. Then it goes on as a slow scanner that sows SPL as it looks, and ends as a clear.

first   EQU    320
gap     EQU    200                  ; from pair to pair
apart   EQU    3810                 ; from one cell of a pair to the other
step    EQU    940                  ; a multiple of 20: one cell of the scanner is on the lattice
behind  EQU    (last - furrow + 2)

        ORG    quick

furrow  DAT    0, 200               ; where to sow
eye     DAT    0, wipe - eye + step
look    MOV.I  seed, >furrow
        ADD.AB #step, eye
        JMZ.F  look, @eye
        SLT.AB #code - eye, eye
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
none    DAT    0, 0

strike  SNE.I  none, @furrow        ; the near cell is empty, so it is the far one
        ADD.AB #apart, furrow
        SUB.AB #8, furrow
spray   MOV.I  seed, >furrow
        DJN.B  spray, #20
        JMP    look
quick   MOV    #0, furrow
g       FOR    6
k       FOR    3
        SEQ.I  furrow + first + (3 * (g - 1) + k) * gap, furrow + first + (3 * (g - 1) + k) * gap + apart
        MOV.AB #first + (3 * (g - 1) + k) * gap, furrow
        ROF
        JMN.B  strike, furrow
        ROF
code    JMP    look

        END
