# The forms as shipped: what shipped() parses.
file(GLOB form_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/facts/forms/*.json)
fabrica_embed(fabrica_forms forms ${CMAKE_SOURCE_DIR}/facts/forms ${form_files})
