/* Two models as OpenVAF would compile them, written by hand, so that the loader and the engine can be tested where no
 * Verilog-A compiler is installed.
 *
 *   tworesistor (p n)   i = m·v/r, noise 4 k T m/r; gives up as `fatal` says
 *   twodiode (a c)      is·(exp(v/(n·vt)) − 1) behind rs, charge cj·v; limited by pnjlim; avalanche near −knee
 */
#include "../../Sources/COSDI/osdi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint32_t OSDI_VERSION_MAJOR = 0;
#ifdef FOREIGN_VERSION
uint32_t OSDI_VERSION_MINOR = 3;
#else
uint32_t OSDI_VERSION_MINOR = 4;
#endif
uint32_t OSDI_NUM_DESCRIPTORS = 2;
/* Longer than what is known, as a later version's descriptor would be. */
typedef struct {
  OSDIDescriptor known;
  char later[32];
} Descriptor;
uint32_t OSDI_DESCRIPTOR_SIZE = sizeof(Descriptor);
OSDILogger osdi_log;

static char pnjlim[] = "pnjlim";
uint32_t OSDI_LIM_TABLE_LEN = 1;
OSDILimit OSDI_LIM_TABLE[1] = {{pnjlim, 2, NULL}};

#define BOLTZMANN 1.380649e-23
#define CHARGE 1.602176634e-19

static void say(void *handle, const char *text, uint32_t level) {
  char *copy = malloc(strlen(text) + 1);
  strcpy(copy, text);
  if (osdi_log) osdi_log(handle, copy, level);
  free(copy);
}

/* A real parameter's value and whether it was given. */
typedef struct {
  double value;
  int given;
} Real;

static double *take(Real *parameter, uint32_t flags) {
  if (flags & OSDI_ACCESS_SET) parameter->given = 1;
  return &parameter->value;
}

static void refuse(OSDISetup *result, uint32_t parameter) {
  result->errors = malloc(sizeof(OSDISetupError));
  result->errors[0] = (OSDISetupError){OSDI_ERROR_OUT_OF_BOUNDS, parameter};
  result->error_count = 1;
}

static double simulator_parameter(const OSDISimulatorParameters *parameters, const char *name) {
  for (int k = 0; parameters->names[k]; k++)
    if (!strcmp(parameters->names[k], name)) return parameters->values[k];
  return NAN;
}

/* Names that tests choose, to make of the resistor a module that levels of models ask for. */
#ifndef RESISTOR
#define RESISTOR "TwoResistor"
#endif
#ifndef LARGEST_COUNT
#define LARGEST_COUNT INT32_MAX
#endif
#ifndef COUNT
#define COUNT "count"
#endif
#ifndef RESISTANCE
#define RESISTANCE "resistance"
#endif
#ifndef USUAL
#define USUAL 1000
#endif
/* 3: with a substrate that nothing flows into. */
#ifndef TERMINALS
#define TERMINALS 2
#endif

/* --- tworesistor ------------------------------------------------------------------------------------------------- */

enum { R_FACTOR, R_R, R_FATAL, R_COUNT, R_LABEL, R_TNOM, R_I, R_GMIN };

typedef struct {
  Real r;
  int32_t count;
  char *label;
} ResistorModel;

typedef struct {
  Real factor, r;
  Real fatal;
  uint32_t map[TERMINALS];
  double *pointers[4];
  double residual[2];
  double conductance, current, temperature, gmin;
  bool collapsed[2];
} Resistor;

static void *resistor_access(void *instance, void *model, uint32_t parameter, uint32_t flags) {
  Resistor *own = instance;
  ResistorModel *shared = model;
  switch (parameter) {
  case R_FACTOR: return own ? take(&own->factor, flags) : NULL;
  case R_R: return flags & OSDI_ACCESS_INSTANCE ? take(&own->r, flags) : take(&shared->r, flags);
  case R_FATAL: return own ? take(&own->fatal, flags) : NULL;
  case R_COUNT: return &shared->count;
  case R_LABEL: return &shared->label;
  case R_I: return &own->current;
  case R_GMIN: return &own->gmin;
  }
  return NULL;
}

static void resistor_setup_model(void *handle, void *model, OSDISimulatorParameters *parameters, OSDISetup *result) {
  ResistorModel *shared = model;
  if (!shared->r.given) shared->r.value = USUAL;
  if (shared->label && !strcmp(shared->label, "talkative")) say(handle, "a model that talks\n", OSDI_LOG_WARNING);
  if (shared->label && !strcmp(shared->label, "garbled")) say(handle, "\x8f\ntold in\n\ttwo \x01lines\n", OSDI_LOG_WARNING);
  if (shared->count < 0 || shared->count > LARGEST_COUNT) refuse(result, R_COUNT);
}

static void resistor_setup(void *handle, void *instance, void *model, double temperature, uint32_t terminals,
                           OSDISimulatorParameters *parameters, OSDISetup *result) {
  Resistor *own = instance;
  const ResistorModel *shared = model;
  if (!own->factor.given) own->factor.value = 1;
  if (!own->r.given) own->r.value = shared->r.value;
  own->temperature = temperature;
  if (shared->label && !strcmp(shared->label, "chatty")) say(handle, "an element that talks\n", OSDI_LOG_WARNING);
  own->gmin = simulator_parameter(parameters, "gmin");
  own->collapsed[0] = own->fatal.value == 3;
  own->collapsed[1] = own->fatal.value == 4;
  if (own->r.value <= 0) refuse(result, R_R);
  if (own->fatal.value == 1) {
    say(handle, "this resistor will not be", OSDI_LOG_FATAL);
    result->flags |= OSDI_FATAL;
  }
}

static uint32_t resistor_evaluate(void *handle, void *instance, const void *model, OSDIEvaluation *info) {
  Resistor *own = instance;
  double v = info->solution[own->map[0]] - info->solution[own->map[1]];
  own->conductance = own->collapsed[0] ? 0 : own->factor.value / own->r.value;
  own->current = own->conductance * v;
  own->residual[0] = own->current;
  own->residual[1] = -own->current;
  if (own->fatal.value == 2 && fabs(v) > 1) {
    say(handle, "more than a volt", OSDI_LOG_FATAL);
    return OSDI_FATAL;
  }
  return 0;
}

static void resistor_write(void *instance, void *model, double *target) {
  double g = ((Resistor *)instance)->conductance;
  target[0] = g;
  target[1] = -g;
  target[2] = -g;
  target[3] = g;
}

static void write_nothing(void *instance, void *model, double *target) {}

static void resistor_noise(void *instance, void *model, double frequency, double *densities) {
  const Resistor *own = instance;
  densities[0] = 4 * BOLTZMANN * own->temperature * own->conductance;
}

/* --- twodiode ---------------------------------------------------------------------------------------------------- */

enum { D_FACTOR, D_BOUND, D_IS, D_N, D_RS, D_CJ, D_STUCK, D_KNEE, D_VD };

typedef struct {
  Real is, n, rs, cj, stuck, knee;
} DiodeModel;

typedef struct {
  Real factor, bound;
  uint32_t map[3];
  uint32_t state;
  double *pointers[7], *reactive_pointers[4];
  double residual[3], charge[3], limit[3], charge_limit[3];
  double g, series, c, thermal, temperature, voltage, step_bound;
  bool collapsed[1];
  /* As large as those of models that take long to evaluate, whose evaluations are remembered. */
  char room[2048];
} Diode;

static void *diode_access(void *instance, void *model, uint32_t parameter, uint32_t flags) {
  Diode *own = instance;
  DiodeModel *shared = model;
  switch (parameter) {
  case D_FACTOR: return own ? take(&own->factor, flags) : NULL;
  case D_BOUND: return own ? take(&own->bound, flags) : NULL;
  case D_IS: return take(&shared->is, flags);
  case D_N: return take(&shared->n, flags);
  case D_RS: return take(&shared->rs, flags);
  case D_CJ: return take(&shared->cj, flags);
  case D_STUCK: return take(&shared->stuck, flags);
  case D_KNEE: return take(&shared->knee, flags);
  case D_VD: return &own->voltage;
  }
  return NULL;
}

static void diode_setup_model(void *handle, void *model, OSDISimulatorParameters *parameters, OSDISetup *result) {
  DiodeModel *shared = model;
  if (!shared->is.given) shared->is.value = 1e-14;
  if (!shared->n.given) shared->n.value = 1;
}

static void diode_setup(void *handle, void *instance, void *model, double temperature, uint32_t terminals,
                        OSDISimulatorParameters *parameters, OSDISetup *result) {
  Diode *own = instance;
  const DiodeModel *shared = model;
  if (!own->factor.given) own->factor.value = 1;
  own->thermal = shared->n.value * BOLTZMANN / CHARGE * temperature;
  own->temperature = temperature;
  own->collapsed[0] = shared->rs.value == 0;
  own->step_bound = own->bound.given ? own->bound.value : INFINITY;
}

static uint32_t diode_evaluate(void *handle, void *instance, const void *model, OSDIEvaluation *info) {
  typedef double (*Limit)(bool, bool *, double, double, double, double);
  Diode *own = instance;
  const DiodeModel *shared = model;
  const double m = own->factor.value;
  double asked = info->solution[own->map[2]] - info->solution[own->map[1]];
  double v = asked;
  bool limited = false;
  if (info->flags & OSDI_ENABLE_LIMITING) {
    double critical = own->thermal * log(own->thermal / (sqrt(2) * shared->is.value));
    v = ((Limit)OSDI_LIM_TABLE[0].function)(info->flags & OSDI_START_LIMITING, &limited, asked,
                                            info->previous_state[own->state], own->thermal, critical);
    if (shared->stuck.value && asked < -1) {
      v = -1;
      limited = true;
    }
    info->next_state[own->state] = v;
  }
  double e = exp(v / own->thermal);
  double i = m * shared->is.value * (e - 1);
  own->g = m * shared->is.value * e / own->thermal;
  if (shared->knee.given && v < 0) {
    /* 5 uA times 1/(1 - u^4), straight on from u = 0.999, as junctions of industry models have it. */
    double u = -v / shared->knee.value, end = u < 0.999 ? u : 0.999;
    double factor = 1 / (1 - pow(end, 4)), slope = 4 * pow(end, 3) * factor * factor;
    i -= m * 5e-6 * (factor - 1 + (u - end) * slope);
    own->g += m * 5e-6 * slope / shared->knee.value;
  }
  own->c = m * shared->cj.value;
  own->series = own->collapsed[0] ? 0 : m / shared->rs.value;
  own->voltage = v;
  double q = own->c * v;
  double through = own->series * (info->solution[own->map[0]] - info->solution[own->map[2]]);
  own->residual[0] = through;
  own->residual[1] = -i;
  own->residual[2] = i - through;
  own->charge[1] = -q;
  own->charge[2] = q;
  own->limit[1] = -own->g * (v - asked);
  own->limit[2] = own->g * (v - asked);
  own->charge_limit[1] = -own->c * (v - asked);
  own->charge_limit[2] = own->c * (v - asked);
  return limited ? OSDI_LIMITED : 0;
}

/* (a,a) (a,i) (i,a) (i,i) (i,c) (c,i) (c,c) */
static void diode_write(void *instance, void *model, double *target) {
  const Diode *own = instance;
  double values[7] = {own->series, -own->series, -own->series, own->series + own->g, -own->g, -own->g, own->g};
  memcpy(target, values, sizeof values);
}

static void diode_write_charges(void *instance, void *model, double *target) {
  double c = ((Diode *)instance)->c;
  target[0] = c;
  target[1] = -c;
  target[2] = -c;
  target[3] = c;
}

static void diode_noise(void *instance, void *model, double frequency, double *densities) {
  const Diode *own = instance;
  densities[0] = 2 * CHARGE * fabs(own->residual[1]);
  densities[1] = 0;
  /* Of the series resistance, and of a shunt of 1 uS that carries nothing else. */
  densities[2] = 4 * BOLTZMANN * own->temperature * own->series;
  densities[3] = 4 * BOLTZMANN * own->temperature * 1e-6;
}

/* --- descriptors ------------------------------------------------------------------------------------------------- */

#define NAMES(...) (char *[]) { __VA_ARGS__ }
#define IN(type, field) offsetof(type, field)

static OSDINode resistor_nodes[] = {
  {"P", "V", "A", IN(Resistor, residual[0]), OSDI_NONE, OSDI_NONE, OSDI_NONE, false},
  {"N", "V", "A", IN(Resistor, residual[1]), OSDI_NONE, OSDI_NONE, OSDI_NONE, false},
  {"S", "V", "A", OSDI_NONE, OSDI_NONE, OSDI_NONE, OSDI_NONE, false},
};
static OSDIJacobianEntry resistor_entries[] = {
  {{0, 0}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
  {{0, 1}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
  {{1, 0}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
  {{1, 1}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
};
static OSDINodePair resistor_collapsible[] = {{0, 1}, {1, OSDI_NONE}};
static OSDINoiseSource resistor_sources[] = {{"thermal", {0, 1}}};

static OSDINode diode_nodes[] = {
  {"A", "V", "A", IN(Diode, residual[0]), OSDI_NONE, OSDI_NONE, OSDI_NONE, false},
  {"C", "V", "A", IN(Diode, residual[1]), IN(Diode, charge[1]), IN(Diode, limit[1]), IN(Diode, charge_limit[1]), false},
  {"AI", "V", "A", IN(Diode, residual[2]), IN(Diode, charge[2]), IN(Diode, limit[2]), IN(Diode, charge_limit[2]), false},
};
static OSDIJacobianEntry diode_entries[] = {
  {{0, 0}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
  {{0, 2}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
  {{2, 0}, OSDI_NONE, OSDI_ENTRY_RESISTIVE},
  {{2, 2}, IN(Diode, reactive_pointers[0]), OSDI_ENTRY_RESISTIVE | OSDI_ENTRY_REACTIVE},
  {{2, 1}, IN(Diode, reactive_pointers[1]), OSDI_ENTRY_RESISTIVE | OSDI_ENTRY_REACTIVE},
  {{1, 2}, IN(Diode, reactive_pointers[2]), OSDI_ENTRY_RESISTIVE | OSDI_ENTRY_REACTIVE},
  {{1, 1}, IN(Diode, reactive_pointers[3]), OSDI_ENTRY_RESISTIVE | OSDI_ENTRY_REACTIVE},
};
static OSDINodePair diode_collapsible[] = {{2, 0}};
static OSDINoiseSource diode_sources[] = {{"shot", {2, 1}}, {"excess shot", {2, 1}}, {"thermal", {0, 2}}, {"thermal", {2, 1}}};

static OSDIParameter resistor_parameters[] = {
  {NAMES("$mfactor"), 0, "number in parallel", "", OSDI_KIND_INSTANCE, 0},
  {NAMES("R", RESISTANCE), 1, "resistance", "Ohm", OSDI_KIND_INSTANCE, 0},
  {NAMES("fatal"), 0, "1: gives up when set up, 2: above 1 V, 3: joins its terminals, 4: grounds the second", "", OSDI_KIND_INSTANCE, 0},
  {NAMES(COUNT), 0, "a whole number of no effect", "", OSDI_KIND_MODEL | OSDI_TYPE_INTEGER, 0},
  {NAMES("label"), 0, "a text", "", OSDI_KIND_MODEL | OSDI_TYPE_STRING, 0},
  {NAMES("list"), 0, "a vector", "", OSDI_KIND_MODEL, 3},
  {NAMES("i"), 0, "current", "A", OSDI_KIND_VARIABLE, 0},
  {NAMES("simulatorgmin"), 0, "what the simulator says of gmin", "S", OSDI_KIND_VARIABLE, 0},
};
static OSDIParameter diode_parameters[] = {
  {NAMES("$mfactor"), 0, "number in parallel", "", OSDI_KIND_INSTANCE, 0},
  {NAMES("bound"), 0, "longest step", "s", OSDI_KIND_INSTANCE, 0},
  {NAMES("is"), 0, "saturation current", "A", OSDI_KIND_MODEL, 0},
  {NAMES("n"), 0, "emission coefficient", "", OSDI_KIND_MODEL, 0},
  {NAMES("rs"), 0, "series resistance", "Ohm", OSDI_KIND_MODEL, 0},
  {NAMES("cj"), 0, "capacitance", "F", OSDI_KIND_MODEL, 0},
  {NAMES("stuck"), 0, "1: limiting never lets go of less than -1 V", "", OSDI_KIND_MODEL, 0},
  {NAMES("knee"), 0, "breakdown voltage", "V", OSDI_KIND_MODEL, 0},
  {NAMES("vd"), 0, "junction voltage", "V", OSDI_KIND_VARIABLE, 0},
};

Descriptor OSDI_DESCRIPTORS[2] = {
  {{
    .name = RESISTOR,
    .node_count = TERMINALS, .terminal_count = TERMINALS, .nodes = resistor_nodes,
    .entry_count = 4, .entries = resistor_entries,
    .collapsible_count = 2, .collapsible = resistor_collapsible, .collapsed_offset = IN(Resistor, collapsed),
    .noise_sources = resistor_sources, .noise_source_count = 1,
    .parameter_count = 6, .instance_parameter_count = 3, .variable_count = 2, .parameters = resistor_parameters,
    .node_map_offset = IN(Resistor, map), .resistive_pointers_offset = IN(Resistor, pointers),
    .step_bound_offset = OSDI_NONE,
    .instance_size = sizeof(Resistor), .model_size = sizeof(ResistorModel),
    .access = resistor_access, .setup_model = resistor_setup_model, .setup_instance = resistor_setup,
    .evaluate = resistor_evaluate, .load_noise = resistor_noise,
    .resistive_entry_count = 4, .reactive_entry_count = 0,
    .write_resistive_jacobian = resistor_write, .write_reactive_jacobian = write_nothing,
  }, {0}},
  {{
    .name = "twodiode",
    .node_count = 3, .terminal_count = 2, .nodes = diode_nodes,
    .entry_count = 7, .entries = diode_entries,
    .collapsible_count = 1, .collapsible = diode_collapsible, .collapsed_offset = IN(Diode, collapsed),
    .noise_sources = diode_sources, .noise_source_count = 4,
    .parameter_count = 8, .instance_parameter_count = 2, .variable_count = 1, .parameters = diode_parameters,
    .node_map_offset = IN(Diode, map), .resistive_pointers_offset = IN(Diode, pointers),
    .state_count = 1, .state_map_offset = IN(Diode, state),
    .step_bound_offset = IN(Diode, step_bound),
    .instance_size = sizeof(Diode), .model_size = sizeof(DiodeModel),
    .access = diode_access, .setup_model = diode_setup_model, .setup_instance = diode_setup,
    .evaluate = diode_evaluate, .load_noise = diode_noise,
    .resistive_entry_count = 7, .reactive_entry_count = 4,
    .write_resistive_jacobian = diode_write, .write_reactive_jacobian = diode_write_charges,
  }, {0}},
};
