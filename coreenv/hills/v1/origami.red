;redcode-94nop
;name Origami
;author corewar-dei
;strategy First stone, then paper. A tour of bombs, SPL on one half of the core and DAT on the
;strategy other, meets whatever stands still; then the processes multiply and go over to a paper
;strategy that copies for ever and never looks back.

step    EQU    616                  ; 13 * 616 = 8008: thirteen throws shift the pattern by 8, so
tour    EQU    445                  ; the own cells come up last: the tour stops before them
away    EQU    6292
drift   EQU    3129

        ORG    throw

stun    SPL    #0, 0
kill    DAT    <5, <7
inc     DAT    step, step
sight   DAT    last - sight + step, last - sight + step + 4000
throw   MOV.I  stun, *sight
        MOV.I  kill, @sight
        ADD.F  inc, sight
        DJN.B  throw, #tour
        SPL    1                    ; 6 processes
        MOV.I  -1, 0
        SPL    1
fold    SPL    @0, away             ; A counts the cells read, B those written
        MOV.I  }fold, >fold
        MOV.A  #0, fold             ; each of the six says so; it is true every time
        ADD.AB #drift, fold         ; six times: the next sheet falls elsewhere
        MOV.I  stain, <fold
last    JMP    fold
stain   DAT    <5, <7

        END
