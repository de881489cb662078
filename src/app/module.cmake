if(NOT FABRICA_FUZZ)
  add_executable(fabrica ${root}/fabrica_main.cpp)
  target_link_libraries(fabrica PRIVATE fabrica_app)
  # Jobs find the recipes beside the program.
  set_target_properties(fabrica PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endif()
