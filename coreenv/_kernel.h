/* The machine's inner loop: one turn after the other, until a warrior dies or the turns run out.

   Read in this order: a cell, an operand, the instructions (`operand` and `execute` state what
   Redcode means, once), then the loops that run them. Every opcode, modifier and mode reaches
   these functions as a constant, so that each handler of a loop is compiled for its own case.

   A cell carries the number of its handler, so that a turn is: take an address from the queue,
   load the cell, jump. Instructions that warriors use much have a handler of their own (`HOT`).
   All others take two jumps: one to the handler of the pair of modes, which evaluates both
   operands, one to the handler of opcode and modifier, which executes. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__)
#error "the kernel needs labels as values: build it with gcc or clang"
#endif

#define INLINE inline __attribute__((always_inline))

enum opcode {
    DAT, MOV, ADD, SUB, MUL, DIV, MOD, JMP, JMZ, JMN, DJN, SEQ, SNE, SLT, SPL, NOP, LDP, STP
};
/* In such an order that an empty cell, DAT.F $0,$0, is a zero word: clearing a core is a memset. */
enum modifier { F, A, B, AB, BA, X, I, MODIFIERS };
enum mode {
    DIRECT, IMMEDIATE, A_INDIRECT, B_INDIRECT,
    A_PREDECREMENT, A_POSTINCREMENT, B_PREDECREMENT, B_POSTINCREMENT, MODES
};
/* by the numbers of coreenv.redcode.instruction */
static const int modifier_numbered[] = {A, B, AB, BA, F, X, I};
static const int mode_numbered[] = {
    IMMEDIATE, DIRECT, A_INDIRECT, B_INDIRECT,
    A_PREDECREMENT, A_POSTINCREMENT, B_PREDECREMENT, B_POSTINCREMENT
};

/* ---- A cell: fields lie in 0..size-1; `code` names the instruction, `handler` follows from it.
   In memory it is written field by field; in a register it is a word, read by the macros. */

typedef union {
    uint64_t word;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    struct { uint16_t handler, a, code, b; };
#else
    struct { uint16_t b, code, a, handler; };
#endif
} Cell;

#define HANDLER_FIELD(word) ((word) & 0xffff)
#define A_FIELD(word) ((word) >> 16 & 0xffff)
#define CODE_FIELD(word) ((word) >> 32 & 0xffff)
#define B_FIELD(word) ((word) >> 48)

/* opcode and modifier in one number, 0..125: the handler that executes */
#define ACTION(opcode, modifier) ((opcode) * MODIFIERS + (modifier))
#define MODE_PAIR(a_mode, b_mode) ((a_mode) * MODES + (b_mode))
#define CODE(opcode, modifier, a_mode, b_mode) \
    (ACTION(opcode, modifier) * MODES * MODES + MODE_PAIR(a_mode, b_mode))
#define ACTION_OF(code) ((code) / (MODES * MODES))
#define MODE_PAIR_OF(code) ((code) % (MODES * MODES))

/* ---- The core, and a warrior's seat in the battle. */

typedef struct {
    Cell *cells;
    uint64_t size, read_limit, write_limit, pspace_size;
    ptrdiff_t max_processes;
} Core;

typedef struct Seat {
    uint16_t *head, *tail; /* the process queue: next to execute, and one past the last */
    struct Seat *next;     /* the living warrior whose turn follows */
    uint16_t *pspace;      /* cells 1.. of p-space; cell 0 is `last_result` */
    int64_t spawned;       /* turns on which the queue grew */
    uint16_t last_result;
    /* not used by the loops: */
    const Cell *code;      /* the program, `length` cells, begun at `start` */
    int64_t length, start;
    uint16_t *queue;       /* where the queue's memory begins */
    uint16_t *unmarked;    /* the first entry not yet marked as covered */
    uint8_t *covered;      /* for each address whether it was ever queued */
    int64_t forgotten;     /* turns whose entries no longer lie between `queue` and `head` */
} Seat;

/* ---- Arithmetic modulo the core size, for values below it. */

static INLINE uint64_t wrap(uint64_t sum, uint64_t size)
{
    uint64_t less;
    return __builtin_sub_overflow(sum, size, &less) ? sum : less;
}

static INLINE uint64_t increment(uint64_t x, uint64_t size) { return wrap(x + 1, size); }

static INLINE uint64_t decrement(uint64_t x, uint64_t size) { return (x ? x : size) - 1; }

/* ---- Operands. */

typedef struct {
    uint64_t from, to; /* read and write address; they differ only under limits */
    uint64_t word;     /* the registers: what `from` held before this operand's post-increment */
} Operand;

static INLINE int uses_a_field(int mode)
{
    return mode == A_INDIRECT || mode == A_PREDECREMENT || mode == A_POSTINCREMENT;
}

static INLINE int decrements(int mode)
{
    return mode == A_PREDECREMENT || mode == B_PREDECREMENT;
}

static INLINE int increments(int mode)
{
    return mode == A_POSTINCREMENT || mode == B_POSTINCREMENT;
}

/* The pointer in `cell` that `mode` follows, decremented or incremented on the way. */
static INLINE uint64_t follow(Cell *cell, int mode, uint64_t size)
{
    uint64_t pointer = uses_a_field(mode) ? cell->a : cell->b;
    if (decrements(mode)) {
        pointer = decrement(pointer, size);
        if (uses_a_field(mode)) cell->a = pointer; else cell->b = pointer;
    }
    return pointer;
}

static INLINE void post_increment(Cell *cell, int mode, uint64_t pointer, uint64_t size)
{
    if (increments(mode)) {
        if (uses_a_field(mode)) cell->a = increment(pointer, size);
        else cell->b = increment(pointer, size);
    }
}

static INLINE Operand operand(const Core *core, int mode, uint64_t pc, uint64_t field)
{
    Cell *cells = core->cells;
    const uint64_t size = core->size;
    if (mode == IMMEDIATE) return (Operand){pc, pc, cells[pc].word};
    const uint64_t at = wrap(pc + field, size);
    if (mode == DIRECT) return (Operand){at, at, cells[at].word};
    const uint64_t pointer = follow(&cells[at], mode, size);
    const uint64_t target = wrap(at + pointer, size);
    const Operand result = {target, target, cells[target].word};
    post_increment(&cells[at], mode, pointer, size);
    return result;
}

/* `distance` from the program counter, brought within reach of `limit`. */
static INLINE uint64_t fold(uint64_t distance, uint64_t limit, uint64_t size)
{
    const uint64_t reach = distance % limit;
    return reach > limit / 2 ? reach + size - limit : reach;
}

/* The same under read and write limits: two addresses, and pointers change where writes reach. */
static INLINE Operand limited_operand(const Core *core, int mode, uint64_t pc, uint64_t field)
{
    Cell *cells = core->cells;
    const uint64_t size = core->size, reads = core->read_limit, writes = core->write_limit;
    if (mode == IMMEDIATE) return (Operand){pc, pc, cells[pc].word};
    uint64_t read = fold(field, reads, size), write = fold(field, writes, size);
    const uint64_t changed = wrap(pc + write, size);
    uint64_t pointer = 0;
    if (mode != DIRECT) {
        if (decrements(mode) || increments(mode)) read = write;
        pointer = follow(&cells[wrap(pc + read, size)], mode, size);
        read = fold(read + pointer, reads, size);
        write = fold(write + pointer, writes, size);
    }
    const uint64_t from = wrap(pc + read, size);
    const Operand result = {from, wrap(pc + write, size), cells[from].word};
    post_increment(&cells[changed], mode, pointer, size);
    return result;
}

/* ---- Instructions. */

#define DIED (-1)

/* One field of ADD, SUB, MUL, DIV, MOD. False, and nothing computed, on a division by zero. */
static INLINE int compute(int opcode, uint64_t left, uint64_t right, uint64_t size,
                          uint64_t *result)
{
    switch (opcode) {
    case ADD: *result = wrap(left + right, size); return 1;
    case SUB: *result = left - right + (left < right ? size : 0); return 1;
    case MUL: *result = left * right % size; return 1;
    default:
        if (right == 0) return 0;
        *result = opcode == DIV ? left / right : left % right;
        return 1;
    }
}

/* Whether TEST(field of a, field of b) holds for every pair of fields the modifier names. */
#define EVERY(TEST) \
    (modifier == A    ? TEST(A_FIELD(a.word), A_FIELD(b.word)) \
     : modifier == B  ? TEST(B_FIELD(a.word), B_FIELD(b.word)) \
     : modifier == AB ? TEST(A_FIELD(a.word), B_FIELD(b.word)) \
     : modifier == BA ? TEST(B_FIELD(a.word), A_FIELD(b.word)) \
     : modifier == X  ? (TEST(B_FIELD(a.word), A_FIELD(b.word))) \
                            & (TEST(A_FIELD(a.word), B_FIELD(b.word))) \
                      : (TEST(A_FIELD(a.word), A_FIELD(b.word))) \
                            & (TEST(B_FIELD(a.word), B_FIELD(b.word))))
#define EQUAL(x, y) ((x) == (y))
#define LESS(x, y) ((x) < (y))

/* Jump and DJN tests look at the fields of the B-operand alone: .A and .BA, .B and .AB, or both. */
#define ONLY_A (modifier == A || modifier == BA)
#define ONLY_B (modifier == B || modifier == AB)

/* Executes one instruction. Returns the address to queue, or DIED. SPL's second process is the
   loop's affair, since it depends on the queue. */
static INLINE int64_t execute(int opcode, int modifier, const Core *core, Seat *seat, uint64_t pc,
                              Operand a, Operand b)
{
    const uint64_t size = core->size;
    const int64_t next = increment(pc, size), skip = wrap(pc + 2, size), jump = a.from;
    Cell *to = &core->cells[b.to];

    switch (opcode) {
    case DAT: return DIED;
    case SPL:
    case NOP: return next;
    case JMP: return jump;

    case MOV:
        switch (modifier) {
        case A: to->a = A_FIELD(a.word); break;
        case B: to->b = B_FIELD(a.word); break;
        case AB: to->b = A_FIELD(a.word); break;
        case BA: to->a = B_FIELD(a.word); break;
        case F: to->a = A_FIELD(a.word); to->b = B_FIELD(a.word); break;
        case X: to->b = A_FIELD(a.word); to->a = B_FIELD(a.word); break;
        case I: to->word = a.word; break;
        }
        return next;

    case ADD: case SUB: case MUL: case DIV: case MOD: {
        uint64_t result;
        int alive = 1;
#define COMPUTE(SOURCE, TARGET, field) \
    (compute(opcode, TARGET(b.word), SOURCE(a.word), size, &result) ? (to->field = result, 1) : 0)
        switch (modifier) {
        case A: alive = COMPUTE(A_FIELD, A_FIELD, a); break;
        case B: alive = COMPUTE(B_FIELD, B_FIELD, b); break;
        case AB: alive = COMPUTE(A_FIELD, B_FIELD, b); break;
        case BA: alive = COMPUTE(B_FIELD, A_FIELD, a); break;
        case X: alive = COMPUTE(B_FIELD, A_FIELD, a) & COMPUTE(A_FIELD, B_FIELD, b); break;
        default: alive = COMPUTE(A_FIELD, A_FIELD, a) & COMPUTE(B_FIELD, B_FIELD, b); break;
        }
        return alive ? next : DIED;
    }

    case JMZ: case JMN: {
        const int zero = ONLY_A   ? A_FIELD(b.word) == 0
                         : ONLY_B ? B_FIELD(b.word) == 0
                                  : (A_FIELD(b.word) | B_FIELD(b.word)) == 0;
        return zero == (opcode == JMZ) ? jump : next;
    }
    case DJN: { /* decrements what memory holds, but tests the register */
        if (!ONLY_B) to->a = decrement(to->a, size);
        if (!ONLY_A) to->b = decrement(to->b, size);
        const int done = ONLY_A   ? A_FIELD(b.word) == 1
                         : ONLY_B ? B_FIELD(b.word) == 1
                                  : (A_FIELD(b.word) == 1) & (B_FIELD(b.word) == 1);
        return done ? next : jump;
    }

    case SEQ: case SNE: {
        const int equal = modifier == I ? a.word == b.word : EVERY(EQUAL);
        return equal == (opcode == SEQ) ? skip : next;
    }
    case SLT: return EVERY(LESS) ? skip : next;

    case LDP: {
        const int from_a = modifier == A || modifier == AB;
        const uint64_t index = (from_a ? A_FIELD(a.word) : B_FIELD(a.word)) % core->pspace_size;
        const uint64_t value = index ? seat->pspace[index] : seat->last_result;
        if (ONLY_A) to->a = value; else to->b = value;
        return next;
    }
    default: { /* STP */
        const uint64_t value = modifier == A || modifier == AB ? A_FIELD(a.word) : B_FIELD(a.word);
        const uint64_t index = (ONLY_A ? A_FIELD(b.word) : B_FIELD(b.word)) % core->pspace_size;
        if (index) seat->pspace[index] = value; else seat->last_result = value;
        return next;
    }
    }
}

/* ---- Which instructions have handlers of their own.
   H(W, opcode, modifier, a_mode, b_mode) is applied to each; W is passed through. */

#define ALL_B_MODES(H, W, opcode, modifier, a_mode) \
    H(W, opcode, modifier, a_mode, DIRECT) H(W, opcode, modifier, a_mode, IMMEDIATE) \
    H(W, opcode, modifier, a_mode, A_INDIRECT) H(W, opcode, modifier, a_mode, B_INDIRECT) \
    H(W, opcode, modifier, a_mode, A_PREDECREMENT) H(W, opcode, modifier, a_mode, A_POSTINCREMENT) \
    H(W, opcode, modifier, a_mode, B_PREDECREMENT) H(W, opcode, modifier, a_mode, B_POSTINCREMENT)
/* IMMEDIATE stands for all modes without effect, see `canonical` */
#define B_EFFECTS(H, W, opcode, modifier, a_mode) \
    H(W, opcode, modifier, a_mode, IMMEDIATE) \
    H(W, opcode, modifier, a_mode, A_PREDECREMENT) H(W, opcode, modifier, a_mode, A_POSTINCREMENT) \
    H(W, opcode, modifier, a_mode, B_PREDECREMENT) H(W, opcode, modifier, a_mode, B_POSTINCREMENT)
#define ALL_A_MODES(H, W, opcode, modifier, B_MODES) \
    B_MODES(H, W, opcode, modifier, DIRECT) B_MODES(H, W, opcode, modifier, IMMEDIATE) \
    B_MODES(H, W, opcode, modifier, A_INDIRECT) B_MODES(H, W, opcode, modifier, B_INDIRECT) \
    B_MODES(H, W, opcode, modifier, A_PREDECREMENT) \
    B_MODES(H, W, opcode, modifier, A_POSTINCREMENT) \
    B_MODES(H, W, opcode, modifier, B_PREDECREMENT) \
    B_MODES(H, W, opcode, modifier, B_POSTINCREMENT)
#define A_EFFECTS(H, W, opcode, modifier, B_MODES) \
    B_MODES(H, W, opcode, modifier, IMMEDIATE) \
    B_MODES(H, W, opcode, modifier, A_PREDECREMENT) \
    B_MODES(H, W, opcode, modifier, A_POSTINCREMENT) \
    B_MODES(H, W, opcode, modifier, B_PREDECREMENT) \
    B_MODES(H, W, opcode, modifier, B_POSTINCREMENT)

#define HOT(H, W) \
    A_EFFECTS(H, W, DAT, F, B_EFFECTS) /* an empty cell's handler comes first */ \
    ALL_A_MODES(H, W, MOV, I, ALL_B_MODES) \
    ALL_A_MODES(H, W, SPL, F, B_EFFECTS) \
    ALL_A_MODES(H, W, JMP, F, B_EFFECTS) \
    ALL_B_MODES(H, W, DJN, F, IMMEDIATE) ALL_B_MODES(H, W, DJN, F, DIRECT) \
    ALL_B_MODES(H, W, DJN, B, IMMEDIATE) ALL_B_MODES(H, W, DJN, B, DIRECT) \
    ALL_B_MODES(H, W, ADD, AB, IMMEDIATE) ALL_B_MODES(H, W, ADD, F, DIRECT) \
    ALL_B_MODES(H, W, ADD, F, IMMEDIATE) ALL_B_MODES(H, W, SUB, AB, IMMEDIATE) \
    ALL_B_MODES(H, W, SUB, F, DIRECT) ALL_B_MODES(H, W, MOV, AB, IMMEDIATE) \
    ALL_B_MODES(H, W, MOV, B, DIRECT) ALL_B_MODES(H, W, JMZ, F, DIRECT) \
    ALL_B_MODES(H, W, JMZ, B, DIRECT) ALL_B_MODES(H, W, JMN, F, DIRECT) \
    ALL_B_MODES(H, W, JMN, B, DIRECT) ALL_B_MODES(H, W, SNE, I, DIRECT) \
    ALL_B_MODES(H, W, SEQ, I, DIRECT) ALL_B_MODES(H, W, SLT, AB, IMMEDIATE)

#define EACH_MODE_PAIR(H, W) ALL_A_MODES(H, W, ANY, ANY, ALL_B_MODES)

#define EACH_MODIFIER(H, W, opcode) \
    H(W, opcode, F) H(W, opcode, A) H(W, opcode, B) H(W, opcode, AB) \
    H(W, opcode, BA) H(W, opcode, X) H(W, opcode, I)
#define EACH_ACTION(H, W) \
    EACH_MODIFIER(H, W, DAT) EACH_MODIFIER(H, W, MOV) EACH_MODIFIER(H, W, ADD) \
    EACH_MODIFIER(H, W, SUB) EACH_MODIFIER(H, W, MUL) EACH_MODIFIER(H, W, DIV) \
    EACH_MODIFIER(H, W, MOD) EACH_MODIFIER(H, W, JMP) EACH_MODIFIER(H, W, JMZ) \
    EACH_MODIFIER(H, W, JMN) EACH_MODIFIER(H, W, DJN) EACH_MODIFIER(H, W, SEQ) \
    EACH_MODIFIER(H, W, SNE) EACH_MODIFIER(H, W, SLT) EACH_MODIFIER(H, W, SPL) \
    EACH_MODIFIER(H, W, NOP) EACH_MODIFIER(H, W, LDP) EACH_MODIFIER(H, W, STP)

/* The instruction that does the same and stands for its kind in HOT. */
static inline uint32_t canonical(int opcode, int modifier, int a_mode, int b_mode)
{
    const int flow = opcode == JMP || opcode == SPL, idle = opcode == DAT || opcode == NOP;
    const int test = opcode == JMZ || opcode == JMN || opcode == DJN;
    if (flow || idle || modifier == I ? opcode != MOV && opcode != SEQ && opcode != SNE : 0)
        modifier = F;
    if (test) modifier = ONLY_A ? A : ONLY_B ? B : F;
    if ((flow || idle) && b_mode < A_PREDECREMENT) b_mode = IMMEDIATE;
    if (idle && a_mode < A_PREDECREMENT) a_mode = IMMEDIATE;
    return CODE(opcode, modifier, a_mode, b_mode);
}

enum handler {
#define NUMBER(W, opcode, modifier, a_mode, b_mode) hot_##opcode##_##modifier##_##a_mode##_##b_mode,
    HOT(NUMBER, _)
#undef NUMBER
    HOT_HANDLERS /* as many; the handlers of mode pairs follow */
};

/* The word of a core cell; `limited` for a core with read or write limits, whose loop has no HOT
   handlers. Numbers as in coreenv.redcode.instruction. */
static uint64_t encode(int opcode, int modifier, int a_mode, int a, int b_mode, int b, int limited)
{
    Cell cell;
    modifier = modifier_numbered[modifier];
    a_mode = mode_numbered[a_mode];
    b_mode = mode_numbered[b_mode];
    cell.code = CODE(opcode, modifier, a_mode, b_mode);
    cell.a = a;
    cell.b = b;
    cell.handler = MODE_PAIR(a_mode, b_mode);
    if (limited) return cell.word;
    switch (canonical(opcode, modifier, a_mode, b_mode)) {
#define FIND(W, opcode, modifier, a_mode, b_mode) \
    case CODE(opcode, modifier, a_mode, b_mode): \
        cell.handler = hot_##opcode##_##modifier##_##a_mode##_##b_mode; \
        break;
    HOT(FIND, _)
#undef FIND
    default: cell.handler += HOT_HANDLERS;
    }
    return cell.word;
}

static int number_of(int value, const int *numbered)
{
    int i = 0;
    while (numbered[i] != value) i++;
    return i;
}

/* What `encode` was given. */
static void decode(uint64_t word, int32_t *instruction)
{
    const int code = CODE_FIELD(word);
    instruction[0] = ACTION_OF(code) / MODIFIERS;
    instruction[1] = number_of(ACTION_OF(code) % MODIFIERS, modifier_numbered);
    instruction[2] = number_of(MODE_PAIR_OF(code) / MODES, mode_numbered);
    instruction[3] = A_FIELD(word);
    instruction[4] = number_of(MODE_PAIR_OF(code) % MODES, mode_numbered);
    instruction[5] = B_FIELD(word);
}

/* Marks the addresses in a stretch of queue. Four entries are read as one word: the stores are
   then all there is to wait for. */
static void mark(uint8_t *covered, const uint16_t *entry, const uint16_t *end)
{
    for (; end - entry >= 4; entry += 4) {
        uint64_t four;
        memcpy(&four, entry, sizeof four);
        covered[four & 0xffff] = 1;
        covered[four >> 16 & 0xffff] = 1;
        covered[four >> 32 & 0xffff] = 1;
        covered[four >> 48] = 1;
    }
    while (entry < end) covered[*entry++] = 1;
}

/* How many of `words` words of marks are set: bytes of 0 or 1, added up eight at a time. */
static int64_t marked(const uint8_t *covered, int64_t words)
{
    int64_t count = 0;
    while (words > 0) {
        uint64_t sums = 0;
        for (int i = 0; i < 255 && words > 0; i++, words--, covered += 8) {
            uint64_t eight;
            memcpy(&eight, covered, sizeof eight);
            sums += eight;
        }
        for (; sums; sums >>= 8) count += sums & 0xff;
    }
    return count;
}

/* ---- The loops.
   Four of them share the handlers below; a loop says what a warrior's queue is and who is next.
   `W` is the warrior in turn: `one` and `two` of a duel and the one `alone`, whose queues stay in
   registers, or one of a `crowd` or of `limited` warriors, who keep them in memory. */

/* What a loop starts from and leaves behind. */
typedef struct {
    Seat *now;     /* in: the warrior in turn; out: the next in turn */
    int64_t turns; /* in: how many to run, at least 1; out: how many were run */
    Seat *dead;    /* out: the warrior that died in the last turn, or NULL */
    Operand a, b;  /* of the instruction in turn, between its two handlers */
} Run;

#define PUSH(W, address) *TAIL_##W++ = (address)

/* ends W's turn with the next one's */
#define EXECUTE(W, opcode, modifier, a, b) \
    const int64_t next = execute(opcode, modifier, core, SEAT_##W, pc, a, b); \
    if (next != DIED) { \
        PUSH(W, next); \
        if (opcode == SPL && TAIL_##W - HEAD_##W < core->max_processes) { \
            PUSH(W, a.from); \
            SEAT_##W->spawned++; \
        } \
    } else if (HEAD_##W == TAIL_##W) \
        goto dead_##W; \
    NEXT_##W

/* warrior W's turn: take its next process and jump to the handler of the cell */
#define TURN(W) \
    { \
        pc = *HEAD_##W++; \
        ir = core->cells[pc].word; \
        goto *handlers_##W[HANDLER_FIELD(ir)]; \
    }

/* The same where others take turns with W. What the warrior behind executes next is known before
   W's turn, for no turn but its own changes its queue. Fetched that early, it is there at once
   when the processor has guessed the jump wrong and starts anew: +10% for duels. */
#define TURN_AHEAD(W, BEHIND) \
    { \
        pc = ahead; \
        HEAD_##W++; \
        ir = core->cells[pc].word; \
        ahead = *HEAD_##BEHIND; \
        goto *handlers_##W[HANDLER_FIELD(ir)]; \
    }

#define HOT_HANDLER(W, opcode, modifier, a_mode, b_mode) \
    W##_##opcode##_##modifier##_##a_mode##_##b_mode : { \
        const Operand a = OPERAND_##W(core, a_mode, pc, A_FIELD(ir)); \
        const Operand b = OPERAND_##W(core, b_mode, pc, B_FIELD(ir)); \
        EXECUTE(W, opcode, modifier, a, b) \
    }
/* the operands of other instructions go from one handler to the next through memory, in order
   not to occupy registers */
#define MODES_HANDLER(W, opcode, modifier, a_mode, b_mode) \
    W##_##a_mode##_##b_mode : \
        run->a = OPERAND_##W(core, a_mode, pc, A_FIELD(ir)); \
        run->b = OPERAND_##W(core, b_mode, pc, B_FIELD(ir)); \
        goto *actions_##W[ACTION_OF(CODE_FIELD(ir))];
#define ACTION_HANDLER(W, opcode, modifier) \
    W##_##opcode##_##modifier : { \
        EXECUTE(W, opcode, modifier, run->a, run->b) \
    }

#define HOT_LABEL(W, opcode, modifier, a_mode, b_mode) \
    &&W##_##opcode##_##modifier##_##a_mode##_##b_mode,
#define MODES_LABEL(W, opcode, modifier, a_mode, b_mode) &&W##_##a_mode##_##b_mode,
#define ACTION_LABEL(W, opcode, modifier) &&W##_##opcode##_##modifier,

#define TABLES(W, HOT) \
    static const void *const handlers_##W[] = {HOT(HOT_LABEL, W) EACH_MODE_PAIR(MODES_LABEL, W)}; \
    static const void *const actions_##W[] = {EACH_ACTION(ACTION_LABEL, W)};
#define HANDLERS(W, HOT) \
    EACH_MODE_PAIR(MODES_HANDLER, W) \
    EACH_ACTION(ACTION_HANDLER, W) \
    HOT(HOT_HANDLER, W)
#define NO_HOT(H, W)

/* Two warriors; an even number of turns. */
static void run_duel(const Core *shared, Run *run)
{
    const Core local = *shared, *core = &local;
    Seat *const one = run->now, *const two = one->next;
    uint16_t *head_one = one->head, *tail_one = one->tail;
    uint16_t *head_two = two->head, *tail_two = two->tail;
    const uint16_t *const end = head_one + run->turns / 2;
    uint64_t pc, ir, ahead = *head_one;
#define SEAT_one one
#define HEAD_one head_one
#define TAIL_one tail_one
#define OPERAND_one operand
#define NEXT_one TURN_AHEAD(two, one)
#define SEAT_two two
#define HEAD_two head_two
#define TAIL_two tail_two
#define OPERAND_two operand
#define NEXT_two { if (head_one == end) goto done; TURN_AHEAD(one, two) }
    TABLES(one, HOT)
    TABLES(two, HOT)
    TURN_AHEAD(one, two)
    HANDLERS(one, HOT)
    HANDLERS(two, HOT)

    dead_one: run->dead = one; run->now = two; goto stop;
    dead_two: run->dead = two; run->now = one; goto stop;
    done: run->dead = NULL;
    stop:
    run->turns = (head_one - one->head) + (head_two - two->head);
    one->head = head_one;
    one->tail = tail_one;
    two->head = head_two;
    two->tail = tail_two;
}

#define LOOP(W, HOT, FIRST_TURN) \
    const Core local = *shared, *core = &local; \
    Seat *seat = run->now; \
    int64_t left = run->turns; \
    uint64_t pc, ir; \
    TABLES(W, HOT) \
    FIRST_TURN \
    HANDLERS(W, HOT) \
    dead_##W : run->dead = seat; left--; goto stop; \
    done: run->dead = NULL; \
    stop: \
    run->now = seat->next; \
    run->turns -= left;

#define SEAT_crowd seat
#define HEAD_crowd seat->head
#define TAIL_crowd seat->tail
#define HEAD_behind behind->head
#define OPERAND_crowd operand
#define NEXT_crowd \
    { \
        if (--left == 0) goto done; \
        seat = behind; \
        behind = seat->next; \
        TURN_AHEAD(crowd, behind) \
    }
/* Two warriors or more. */
static void run_crowd(const Core *shared, Run *run)
{
    Seat *behind = run->now->next;
    uint64_t ahead = *run->now->head;
    LOOP(crowd, HOT, TURN_AHEAD(crowd, behind))
}

#define SEAT_alone seat
#define HEAD_alone head
#define TAIL_alone tail
#define OPERAND_alone operand
#define NEXT_alone { if (--left == 0) goto done; TURN(alone) }
/* The only warrior, or the last one. */
static void run_alone(const Core *shared, Run *run)
{
    uint16_t *head = run->now->head, *tail = run->now->tail;
    LOOP(alone, HOT, TURN(alone))
    seat->head = head;
    seat->tail = tail;
}

#define SEAT_limited seat
#define HEAD_limited seat->head
#define TAIL_limited seat->tail
#define OPERAND_limited limited_operand
#define NEXT_limited { if (--left == 0) goto done; seat = seat->next; TURN(limited) }
/* Any number of warriors, under read or write limits. */
static void run_limited(const Core *shared, Run *run)
{
    LOOP(limited, NO_HOT, TURN(limited))
}
