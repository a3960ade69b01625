# What every target of this project is compiled with, and nothing that a user of the library inherits.

# Whole-program flags: a sanitizer that misses one object file reports nonsense.
if(AIO_SANITIZE)
    list(JOIN AIO_SANITIZE "," sanitizers)
    add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${sanitizers})
    if("undefined" IN_LIST AIO_SANITIZE)
        add_compile_options(-fno-sanitize=vptr) # it opens pipes to look at memory, and is wrong without descriptors
    endif()
endif()

# Left out because g++ 12 is wrong about it on std::expected and coroutines: -Wnull-dereference.
function(aio_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast)
    set_target_properties(${target} PROPERTIES COMPILE_WARNING_AS_ERROR ${AIO_WARNINGS_AS_ERRORS})
endfunction()
