/* The binary interface of compiled Verilog-A models, OSDI 0.4 and later: what a model's shared library exports and what
 * a simulator hands to it. Layouts follow the interface's public description
 * (https://github.com/arpadbuermen/OpenVAF, docs of OSDI 0.4); names are this project's own.
 *
 * A library exports
 *     uint32_t OSDI_VERSION_MAJOR, OSDI_VERSION_MINOR, OSDI_NUM_DESCRIPTORS, OSDI_DESCRIPTOR_SIZE
 *     OSDIDescriptor OSDI_DESCRIPTORS[]        each OSDI_DESCRIPTOR_SIZE bytes long
 *     uint32_t OSDI_LIM_TABLE_LEN, OSDILimit OSDI_LIM_TABLE[]     filled by the simulator
 *     OSDILogger osdi_log                                         set by the simulator
 */
#ifndef HYDRON_OSDI_H
#define HYDRON_OSDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An offset, node or parameter that is not there; as a node: ground. */
#define OSDI_NONE UINT32_MAX

/* How `access` is to be understood. */
enum { OSDI_ACCESS_READ = 0, OSDI_ACCESS_SET = 1, OSDI_ACCESS_INSTANCE = 4 };

/* Flags of a parameter or operating-point variable. */
enum { OSDI_TYPE_MASK = 3, OSDI_TYPE_REAL = 0, OSDI_TYPE_INTEGER = 1, OSDI_TYPE_STRING = 2 };
#define OSDI_KIND_MASK (3u << 30)
#define OSDI_KIND_MODEL (0u << 30)
#define OSDI_KIND_INSTANCE (1u << 30)
#define OSDI_KIND_VARIABLE (2u << 30)

/* Flags of a Jacobian entry. */
enum {
  OSDI_ENTRY_RESISTIVE_CONSTANT = 1,
  OSDI_ENTRY_REACTIVE_CONSTANT = 2,
  OSDI_ENTRY_RESISTIVE = 4,
  OSDI_ENTRY_REACTIVE = 8
};

/* What an evaluation is to compute, and in which analysis it stands. */
enum {
  OSDI_RESISTIVE_RESIDUAL = 1,
  OSDI_REACTIVE_RESIDUAL = 2,
  OSDI_RESISTIVE_JACOBIAN = 4,
  OSDI_REACTIVE_JACOBIAN = 8,
  OSDI_NOISE = 16,
  OSDI_VARIABLES = 32,
  OSDI_RESISTIVE_LIMIT = 64,
  OSDI_REACTIVE_LIMIT = 128,
  OSDI_ENABLE_LIMITING = 256,
  OSDI_START_LIMITING = 512,
  OSDI_ANALYSIS_NOISE = 1024,
  OSDI_ANALYSIS_DC = 2048,
  OSDI_ANALYSIS_AC = 4096,
  OSDI_ANALYSIS_TRANSIENT = 8192,
  OSDI_ANALYSIS_INITIAL = 16384,
  OSDI_ANALYSIS_STATIC = 32768,
  OSDI_ANALYSIS_NODESET = 65536
};

/* What an evaluation or a set-up found. */
enum { OSDI_LIMITED = 1, OSDI_FATAL = 2, OSDI_FINISH = 4, OSDI_STOP = 8 };

/* Kind of a message; the bits above tell that its text could not be made. */
enum {
  OSDI_LOG_DEBUG = 0,
  OSDI_LOG_DISPLAY = 1,
  OSDI_LOG_INFO = 2,
  OSDI_LOG_WARNING = 3,
  OSDI_LOG_ERROR = 4,
  OSDI_LOG_FATAL = 5,
  OSDI_LOG_MASK = 7,
  OSDI_LOG_UNFORMATTED = 16
};

/* Codes of a set-up's errors. */
enum { OSDI_ERROR_OUT_OF_BOUNDS = 1 };

typedef void (*OSDILogger)(void *handle, char *text, uint32_t level);

/* A function for `$limit`: its name, the number of arguments behind the new and the old value, and its address. */
typedef struct {
  char *name;
  uint32_t argument_count;
  void *function;
} OSDILimit;

/* What `$simparam` answers: names that end with NULL, and their values. */
typedef struct {
  char **names;
  double *values;
  char **text_names;
  char **texts;
} OSDISimulatorParameters;

typedef struct {
  OSDISimulatorParameters parameters;
  /* [s] */
  double time;
  /* The unknowns, by the numbers of an instance's node map. */
  double *solution;
  double *previous_state;
  double *next_state;
  uint32_t flags;
  /* Later versions read more; nothing there means nothing asked for. */
  uint64_t reserved[8];
} OSDIEvaluation;

typedef struct {
  uint32_t code;
  uint32_t parameter;
} OSDISetupError;

typedef struct {
  uint32_t flags;
  uint32_t error_count;
  /* Allocated by the model, freed by the simulator. */
  OSDISetupError *errors;
} OSDISetup;

typedef struct {
  uint32_t first;
  uint32_t second;
} OSDINodePair;

typedef struct {
  OSDINodePair nodes;
  uint32_t reactive_pointer_offset;
  uint32_t flags;
} OSDIJacobianEntry;

typedef struct {
  char *name;
  char *units;
  char *residual_units;
  uint32_t resistive_offset;
  uint32_t reactive_offset;
  uint32_t resistive_limit_offset;
  uint32_t reactive_limit_offset;
  bool is_flow;
} OSDINode;

typedef struct {
  /* The name, then its aliases. */
  char **names;
  uint32_t alias_count;
  char *meaning;
  char *units;
  uint32_t flags;
  /* Elements of a vector; 0 for a plain number. */
  uint32_t length;
} OSDIParameter;

typedef struct {
  char *name;
  OSDINodePair nodes;
} OSDINoiseSource;

typedef struct {
  uint32_t kind;
  uint32_t index;
} OSDINature;

/* One module. */
typedef struct {
  char *name;

  uint32_t node_count;
  uint32_t terminal_count;
  OSDINode *nodes;

  uint32_t entry_count;
  OSDIJacobianEntry *entries;

  uint32_t collapsible_count;
  OSDINodePair *collapsible;
  uint32_t collapsed_offset;

  OSDINoiseSource *noise_sources;
  uint32_t noise_source_count;

  uint32_t parameter_count;
  uint32_t instance_parameter_count;
  uint32_t variable_count;
  OSDIParameter *parameters;

  uint32_t node_map_offset;
  uint32_t resistive_pointers_offset;

  uint32_t state_count;
  uint32_t state_map_offset;

  uint32_t step_bound_offset;

  uint32_t instance_size;
  uint32_t model_size;

  void *(*access)(void *instance, void *model, uint32_t parameter, uint32_t flags);
  void (*setup_model)(void *handle, void *model, OSDISimulatorParameters *parameters, OSDISetup *result);
  void (*setup_instance)(void *handle, void *instance, void *model, double temperature, uint32_t terminals,
                         OSDISimulatorParameters *parameters, OSDISetup *result);
  uint32_t (*evaluate)(void *handle, void *instance, const void *model, OSDIEvaluation *info);
  void (*load_noise)(void *instance, void *model, double frequency, double *densities);
  void (*load_resistive_residual)(void *instance, void *model, double *target);
  void (*load_reactive_residual)(void *instance, void *model, double *target);
  void (*load_resistive_limit)(void *instance, void *model, double *target);
  void (*load_reactive_limit)(void *instance, void *model, double *target);
  void (*load_spice_dc)(void *instance, void *model, double *target, double *solution);
  void (*load_spice_transient)(void *instance, void *model, double *target, double *solution, double alpha);
  void (*load_resistive_jacobian)(void *instance, void *model);
  void (*load_reactive_jacobian)(void *instance, void *model, double alpha);
  void (*load_transient_jacobian)(void *instance, void *model, double alpha);

  /* Since 0.4. */
  uint32_t (*is_given_in_model)(void *model, uint32_t parameter);
  uint32_t (*is_given_in_instance)(void *instance, uint32_t parameter);
  uint32_t resistive_entry_count;
  uint32_t reactive_entry_count;
  void (*write_resistive_jacobian)(void *instance, void *model, double *target);
  void (*write_reactive_jacobian)(void *instance, void *model, double *target);
  uint32_t input_count;
  OSDINodePair *inputs;
  void (*load_resistive_jacobian_at)(void *instance, void *model, size_t offset);
  void (*load_reactive_jacobian_at)(void *instance, void *model, size_t offset);
  OSDINature *unknown_natures;
  OSDINature *residual_natures;
} OSDIDescriptor;

#endif
