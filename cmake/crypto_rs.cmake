# The Rust static library of crypto-rs/ as target tl_crypto_rs. One cargo target directory serves all presets, so it is
# built once; cargo locks that directory, so two presets may build at the same time.
find_program(TIELINE_CARGO cargo PATHS $ENV{HOME}/.cargo/bin /usr/bin REQUIRED)

set(TIELINE_CRYPTO_RS_DIR ${PROJECT_SOURCE_DIR}/crypto-rs)
set(TIELINE_CRYPTO_RS_TARGET_DIR ${PROJECT_SOURCE_DIR}/build/crypto-rs)
set(TIELINE_CRYPTO_RS_LIB ${TIELINE_CRYPTO_RS_TARGET_DIR}/release/libtieline_crypto.a)

file(GLOB TIELINE_CRYPTO_RS_SOURCES CONFIGURE_DEPENDS ${TIELINE_CRYPTO_RS_DIR}/src/*.rs)

# It runs in crypto-rs/ because cargo looks for .cargo/config.toml from its working directory up, and RUSTFLAGS from
# outside would replace the flags set there. RUSTC_WRAPPER and the like stay as the user has them.
add_custom_command(
  OUTPUT ${TIELINE_CRYPTO_RS_LIB}
  COMMAND ${CMAKE_COMMAND} -E env --unset=RUSTFLAGS --unset=CARGO_ENCODED_RUSTFLAGS --unset=CARGO_BUILD_TARGET
          ${TIELINE_CARGO} build --release --locked --quiet --lib --target-dir ${TIELINE_CRYPTO_RS_TARGET_DIR}
  # cargo leaves an up-to-date library untouched, and ninja would then call it again on every build.
  COMMAND ${CMAKE_COMMAND} -E touch_nocreate ${TIELINE_CRYPTO_RS_LIB}
  WORKING_DIRECTORY ${TIELINE_CRYPTO_RS_DIR}
  DEPENDS ${TIELINE_CRYPTO_RS_SOURCES} ${TIELINE_CRYPTO_RS_DIR}/Cargo.toml ${TIELINE_CRYPTO_RS_DIR}/Cargo.lock
          ${TIELINE_CRYPTO_RS_DIR}/.cargo/config.toml
  COMMENT "Building the Rust library (cargo)"
  VERBATIM)
add_custom_target(tl_crypto_rs_build DEPENDS ${TIELINE_CRYPTO_RS_LIB})

add_library(tl_crypto_rs STATIC IMPORTED GLOBAL)
set_target_properties(
  tl_crypto_rs PROPERTIES IMPORTED_LOCATION ${TIELINE_CRYPTO_RS_LIB}
                          INTERFACE_INCLUDE_DIRECTORIES ${TIELINE_CRYPTO_RS_DIR}/include
                          INTERFACE_LINK_LIBRARIES "-lpthread;-ldl;-lm")
add_dependencies(tl_crypto_rs tl_crypto_rs_build)
