;redcode-94nop
;name Millrace
;author corewar-dei
;strategy First alone, then in company: a quick tour, SPL on one half of the core and DAT on the
;strategy other, without any imp to share the time; then sixteen imps on a spiral of thirteen
;strategy points, while the stone splits and sends a stream of decrements through the core.

ring    EQU    3077
step    EQU    616                  ; 13 * 616 = 8008: thirteen throws shift the pattern by 8, so the
tour    EQU    447                  ; own cells on the lattice come up at the very end: stop before

        ORG    throw

stun    SPL    #0, 0
kill    DAT    <5, <7
inc     DAT    step, step
sight   DAT    imp - sight + step, imp - sight + step + 4000
throw   MOV.I  stun, *sight
        MOV.I  kill, @sight
        ADD.F  inc, sight
        DJN.B  throw, #tour
        SPL    crew
        SPL    #0, 0
        DJN.F  -1, <stun - 200
crew    SPL    1
        SPL    1
        SPL    1
        SPL    1
        JMP    }row
row     DAT    1, 0
k       FOR    16
        JMP    imp + (k - 1) * ring
        ROF
imp     MOV.I  0, ring

        END
