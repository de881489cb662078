#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

// Test vectors of this project: a log of 70,000 entries, entry i being the ASCII text "entry <i>", with its keys,
// roots, proofs and tiles, made and cross-checked by programs that share no code with this one. Hashes in base64.
namespace fabrica::tlog::vectors {

inline constexpr std::uint64_t kSize = 70'000;
inline constexpr std::string_view kLogSeedHex = "a45b1ea2cf90933c15cce5f4a7c5cf82abfe74696dbd881c3c53b760fb96756a";
inline constexpr std::string_view kLogVkey =
    "factory.example/log+05dfefa9+ATLaPPDkTRJt24BI0jWrZN+vzNl0ZfT4PEdgpLTyIam+";
inline constexpr std::string_view kWitnessSeedHex = "76d08e23f75f91d49ff0926d5762b1bc3846b6e76da3d7576f589231475dba8e";
inline constexpr std::string_view kWitnessVkey =
    "peer.example/witness+b98602e1+BA3Bt6jexP/HZXV/AM3GrHwtMiMc3qVnFLnyoNMW4lBi";
inline constexpr std::string_view kCheckpoint =
    "factory.example/log\n"
    "70000\n"
    "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=\n"
    "\n"
    "— factory.example/log "
    "Bd/vqRUsfw+s1ND+XhvgXgs+7c5wl1EFB2cyV7bTxMACmxWWKkQXDcSF23+knHHN//0P9tWpoOkBmCzBK2uOnpRLNQY=\n";
inline constexpr std::string_view kCosignatureLine =
    "— peer.example/witness "
    "uYYC4QAAAABpVbkA6BgGeiHLSkvK4DapsjRLHJnxu2u56sd865ljSTmW1BHgwDyjb8mJMObK7rWPHc6dx/e4SLzZ64wBTL+hTV/aDw==\n";
inline constexpr std::string_view kCosignedMessage =
    "cosignature/v1\n"
    "time 1767225600\n"
    "factory.example/log\n"
    "70000\n"
    "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=\n";
inline constexpr std::uint64_t kCosignatureSeconds = 1767225600;
inline constexpr std::string_view kCosignedCheckpoint =
    "factory.example/log\n"
    "70000\n"
    "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=\n"
    "\n"
    "— factory.example/log "
    "Bd/vqRUsfw+s1ND+XhvgXgs+7c5wl1EFB2cyV7bTxMACmxWWKkQXDcSF23+knHHN//0P9tWpoOkBmCzBK2uOnpRLNQY=\n"
    "— peer.example/witness "
    "uYYC4QAAAABpVbkA6BgGeiHLSkvK4DapsjRLHJnxu2u56sd865ljSTmW1BHgwDyjb8mJMObK7rWPHc6dx/e4SLzZ64wBTL+hTV/aDw==\n";
inline constexpr std::string_view kLogProof =
    "c2sp.org/tlog-proof@v1\n"
    "index 65536\n"
    "tAd+i3hbK7OItu/BvSskJ65hCssq+WuYQ2jG76lqqoM=\n"
    "nyhTwmMXth7wVRCEZUAXSix2paZpUY/CMmO3DziSAwo=\n"
    "T+ne9/lZLUynRcVF5OSECgtEUCTMIxPzpdS3Vp870I0=\n"
    "82lW83k46qp4dTHLUryUlqSmNZS45Pf4FhDQPDz4ykM=\n"
    "bXWAkSSDSNc9AeawHdP7YkNTebBtFEQuMbVm83hQtgE=\n"
    "e/LEJhwQleEUP3QOTUp6j09aKonqC1uDoEbWg74Hizk=\n"
    "cmcv7lQMXxC8w6ygjGsjOnltrMwK0npT5/8stYdM5QM=\n"
    "VvzkM/G/IrFkzur+Pcsqya9KWLhKUr8eJaGqbNSM/ZA=\n"
    "Rw06gMABduB8q7PkMJdytR3vC3pVk2TKqQqAV5Tqw70=\n"
    "5lFLUr0BFtNdktaAuHOKQMgspty0nsA5qifUbtNmEyw=\n"
    "J1AhopZjYPC1qwFsH7UmXRW1i32oRV5n1+l4WrBx9mA=\n"
    "u3YeSMsL5QrrJgjSnlpkbZ7wk06+HfmwMcjSXcrj+bk=\n"
    "bb19pXfXRBELcMYUbEvsfodvsi/+r0bvHYDmR1PnEPI=\n"
    "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac=\n"
    "\n"
    "factory.example/log\n"
    "70000\n"
    "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=\n"
    "\n"
    "— factory.example/log "
    "Bd/vqRUsfw+s1ND+XhvgXgs+7c5wl1EFB2cyV7bTxMACmxWWKkQXDcSF23+knHHN//0P9tWpoOkBmCzBK2uOnpRLNQY=\n"
    "— peer.example/witness "
    "uYYC4QAAAABpVbkA6BgGeiHLSkvK4DapsjRLHJnxu2u56sd865ljSTmW1BHgwDyjb8mJMObK7rWPHc6dx/e4SLzZ64wBTL+hTV/aDw==\n";

struct Root {
  std::uint64_t size;
  std::string_view root;
};
inline std::vector<Root> const kRoots{
    {0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},     {1, "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE="},
    {2, "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A="},     {3, "lPvQ3YNvUDAWkubQ6t5yjuGexSv/8WBu2AfIV11aqhk="},
    {7, "mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc="},     {8, "tpcyzlyRQWLKmsz69OldP5h01ogFQ3CIqv8YSk25Z3M="},
    {255, "z2Z5PmMp3/JC6zzuCm82rT46GW3MVzoex3XhAr6GPxw="},   {256, "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4="},
    {257, "XB/f6DU1gCLyOS3keNvgU/wTDP4dOggoeakM9r8Uv34="},   {65535, "uM1QRqGZab3H6JKJJyOQtA3WarGKeGbCC4kgpnUmaKU="},
    {65536, "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac="}, {65537, "uZxXCq8TuW4CY4Po4lLmnHFCs61+bgJk89wQ39iE2MU="},
    {70000, "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao="},
};

struct Inclusion {
  std::uint64_t index;
  std::string_view leaf;
  std::vector<std::string_view> proof;
};
inline std::vector<Inclusion> const kInclusions{
    {0,
     "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=",
     {"Lfs2xvZsrDYUKc9G34aKuCQtOmRB8Qmcj7P5jsXRCKQ=", "3b3oD8zesxmO9puOHwk0+84pbGur+3OFdKT2KXImZ5M=",
      "GhZ/vGuCwqdE9v+gpidhde2wC9MFkqXnT3ohqdIDqCg=", "fGUIzhK9/NpXQgT6uIEfs8HvZPefJgpa46VO6vARajs=",
      "FKwDuxqLeZp+HKNXHH6CcyuHE07dTBaaIywEnGZAU/Y=", "TJPs4ff/W2Yw6vf0QxuRWh/jb6/uFa2de+Kl7KPTyV0=",
      "Ze8RuTpVMVeWmDPL1EnDybvtS4U5yk/7vMV3d6qURoU=", "CwAYp5VoF7uxVS8pr5XTr7/7x3vezc1u1cmao1mHleA=",
      "r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=", "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=",
      "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=", "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=",
      "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=", "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=",
      "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=", "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {1,
     "Lfs2xvZsrDYUKc9G34aKuCQtOmRB8Qmcj7P5jsXRCKQ=",
     {"dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=", "3b3oD8zesxmO9puOHwk0+84pbGur+3OFdKT2KXImZ5M=",
      "GhZ/vGuCwqdE9v+gpidhde2wC9MFkqXnT3ohqdIDqCg=", "fGUIzhK9/NpXQgT6uIEfs8HvZPefJgpa46VO6vARajs=",
      "FKwDuxqLeZp+HKNXHH6CcyuHE07dTBaaIywEnGZAU/Y=", "TJPs4ff/W2Yw6vf0QxuRWh/jb6/uFa2de+Kl7KPTyV0=",
      "Ze8RuTpVMVeWmDPL1EnDybvtS4U5yk/7vMV3d6qURoU=", "CwAYp5VoF7uxVS8pr5XTr7/7x3vezc1u1cmao1mHleA=",
      "r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=", "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=",
      "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=", "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=",
      "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=", "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=",
      "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=", "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {255,
     "Q8HToTTv2xRzp45vIu+p8tevDXzlVSbUk6pT4ayx4rE=",
     {"VhJFVNG9CUrzBHbsbjIy7hsOPGGrNgtQlxGN5+E5Lwk=", "eaGjIaMUTTvJeRd55pjH3Q+ZFV3VWrEV2xiJvtQ3IG8=",
      "zMv0hycuJ/8stBYb9Z7YTva+/D+wdjVOQhtXsnLaa+U=", "PjsWJ0660Ili+lce7/2N3FgzH/OiPXvXsthKSgZfHIU=",
      "aj4aV2JfSNzfGZ8/kkM4++QE1McQJki9Yu39RSFPAnM=", "yAMA/MLhZ92nJehtKB/4JhILkaiW2HxKOueSVXuN4ZA=",
      "dD+WxJIvsuuCGo+1vhhCF+RXtQgxR4/9uxCB3zx3zWU=", "Y9TldO9rV2Bvn1rrhx8jsQshQGvXUIJNxBcKNW6Adyk=",
      "r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=", "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=",
      "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=", "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=",
      "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=", "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=",
      "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=", "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {256,
     "och3qCTSUz777hlgt/L+QiRFD2nDsOPT6crMdZzizvM=",
     {"Zzfq7PJKMKRDW+Ia/QZ10zhbqJndwwIq2D/EJrcmocg=", "2weeEv1ePZMy8exWWKzE6FpvDpAzz2A1iesE6ylmbLA=",
      "7A6bpI1GmR6NGFgFuj/BgvreGpnnWjMh7jpUpfFX/9Y=", "j5skCCcPLx74uhIGjb2eVcJW3MNaAyitOgRkyFHQZow=",
      "v0dikrucGz5rXeXt96RtXdQFP3sKvfT+qOw4RgGnaMA=", "ECgX8ArIi8hnsvXRdxY7vdP39aJQ6sl5CPVd7COPVeA=",
      "35gS6rZI52JFzolF1+xmLE+EjX3wtgiX2pjiJtt9/MM=", "X0lwc1GelAdJL11LxsgRPBuAYkJOTDaPqahSU7oHGMA=",
      "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4=", "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=",
      "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=", "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=",
      "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=", "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=",
      "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=", "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {65535,
     "+Bo2B1PFKVk6nrHrfh68aKBoJaKWVCJCswD5mvrQf2U=",
     {"H6U0xppmYFX1ZiR7/9lYSIU9S0O5Q4RZRv+710DwvVU=", "S/LFDp5+Im4k8cPbHkO7tTx3LS7kWOcSkVDURDoDxBk=",
      "nSu5bs2THlBZ7egk0PzV+GzYK3aAh7+mhMzTRQ3OwYY=", "Cet3JCiT/n3GPMi4bOFNd+zQZ+ZUH1+gVHGEBfJcQiM=",
      "3+3Nk5gZeuu9KkVSLBTpydO+2Wjsg7V0QiVnAHM2QlQ=", "fqpD8I7EsyprfCr02249D1jeGY464RtwYQVpJlkvi0k=",
      "It8IftnIiRzTUkUtjs2YxM2XlC4TrapgmGAupqcxF98=", "7BzGk7J+ba5K7+/rSH+gF9tHOqWcJ4yqyLhLFH2uJ7k=",
      "+Ixsc7xfniS5pbzLGxqg2+Tl9t5M9okyu6kTZVcklEQ=", "uyH+PoKzve1qIL2Olay7bBDtmmt+UFzTUJ8u26OlRrk=",
      "5SAXnl3hCIv93Uy1gWjH1j+UC3dIbd3hG4XsBtvHEoY=", "pIvsLo0bttbIS0eplZIshFw1J+fUliMjMRRcGFNLCPk=",
      "hIYPb/F9zbj6gANFXGMIzIneCLdRIIZzghgKoCbkBpM=", "lgtW96vM7gWGgEy5OVRQ5ZImYa3C4PYvay83R9+J7Uc=",
      "7dH1vmFDWCtUUZynY+11Uf6yZh+3oP0wKVAHVPx9+pk=", "Ofh0XGtQuSvUXKp/aTX6rXJLsIS3gqWe6Rdg6cf2zPY=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {65536,
     "si1RDbKQuNc9NDO/YALutb/JFCgYhFWTBK6pmHQB+lU=",
     {"tAd+i3hbK7OItu/BvSskJ65hCssq+WuYQ2jG76lqqoM=", "nyhTwmMXth7wVRCEZUAXSix2paZpUY/CMmO3DziSAwo=",
      "T+ne9/lZLUynRcVF5OSECgtEUCTMIxPzpdS3Vp870I0=", "82lW83k46qp4dTHLUryUlqSmNZS45Pf4FhDQPDz4ykM=",
      "bXWAkSSDSNc9AeawHdP7YkNTebBtFEQuMbVm83hQtgE=", "e/LEJhwQleEUP3QOTUp6j09aKonqC1uDoEbWg74Hizk=",
      "cmcv7lQMXxC8w6ygjGsjOnltrMwK0npT5/8stYdM5QM=", "VvzkM/G/IrFkzur+Pcsqya9KWLhKUr8eJaGqbNSM/ZA=",
      "Rw06gMABduB8q7PkMJdytR3vC3pVk2TKqQqAV5Tqw70=", "5lFLUr0BFtNdktaAuHOKQMgspty0nsA5qifUbtNmEyw=",
      "J1AhopZjYPC1qwFsH7UmXRW1i32oRV5n1+l4WrBx9mA=", "u3YeSMsL5QrrJgjSnlpkbZ7wk06+HfmwMcjSXcrj+bk=",
      "bb19pXfXRBELcMYUbEvsfodvsi/+r0bvHYDmR1PnEPI=", "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac="}},
    {69999,
     "YzKWIcZr3vFEvdZt6H9WpssWW9RZtb51prcxzZMTzy0=",
     {"14mivxG7QYZzXRW7GkVID3SvvYRwKu92kR59SFUU6XI=", "AOKgH9SawmA3Q2HWMJcB+pQn+zp2L9QW1MrNzAimUTw=",
      "aibJhkcHMIYe3FfRCiUc+QWYhLUMHi5f4Lc9bYh2n9Q=", "X0hww5WeJTKnj3xcUogip6SD9b8YUJNfBaeZ+qjgZug=",
      "/UdBo4zHk61DSC3OeqWEKdiG0i+4gd2GLOshLfF088g=", "arXC/cj7vOsq1FSbLLo81hIkjEKCIj8lX6JHJdu2H0I=",
      "q5BgtjLIgX3VOTOkSl0SX8oxSrBddm5tydVfQ8v6BQ8=", "3VDbBRt4ynECvelrNExb7BKZ485TKKx5PV76wXBDZKw=",
      "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac="}},
};

struct Consistency {
  std::uint64_t old_size;
  std::string_view old_root;
  std::vector<std::string_view> proof;
};
inline std::vector<Consistency> const kConsistencies{
    {1,
     "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=",
     {"Lfs2xvZsrDYUKc9G34aKuCQtOmRB8Qmcj7P5jsXRCKQ=", "3b3oD8zesxmO9puOHwk0+84pbGur+3OFdKT2KXImZ5M=",
      "GhZ/vGuCwqdE9v+gpidhde2wC9MFkqXnT3ohqdIDqCg=", "fGUIzhK9/NpXQgT6uIEfs8HvZPefJgpa46VO6vARajs=",
      "FKwDuxqLeZp+HKNXHH6CcyuHE07dTBaaIywEnGZAU/Y=", "TJPs4ff/W2Yw6vf0QxuRWh/jb6/uFa2de+Kl7KPTyV0=",
      "Ze8RuTpVMVeWmDPL1EnDybvtS4U5yk/7vMV3d6qURoU=", "CwAYp5VoF7uxVS8pr5XTr7/7x3vezc1u1cmao1mHleA=",
      "r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=", "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=",
      "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=", "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=",
      "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=", "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=",
      "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=", "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {2,
     "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=",
     {"3b3oD8zesxmO9puOHwk0+84pbGur+3OFdKT2KXImZ5M=", "GhZ/vGuCwqdE9v+gpidhde2wC9MFkqXnT3ohqdIDqCg=",
      "fGUIzhK9/NpXQgT6uIEfs8HvZPefJgpa46VO6vARajs=", "FKwDuxqLeZp+HKNXHH6CcyuHE07dTBaaIywEnGZAU/Y=",
      "TJPs4ff/W2Yw6vf0QxuRWh/jb6/uFa2de+Kl7KPTyV0=", "Ze8RuTpVMVeWmDPL1EnDybvtS4U5yk/7vMV3d6qURoU=",
      "CwAYp5VoF7uxVS8pr5XTr7/7x3vezc1u1cmao1mHleA=", "r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=",
      "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=", "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=",
      "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=", "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=",
      "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=", "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=",
      "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=", "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {255,
     "z2Z5PmMp3/JC6zzuCm82rT46GW3MVzoex3XhAr6GPxw=",
     {"VhJFVNG9CUrzBHbsbjIy7hsOPGGrNgtQlxGN5+E5Lwk=", "Q8HToTTv2xRzp45vIu+p8tevDXzlVSbUk6pT4ayx4rE=",
      "eaGjIaMUTTvJeRd55pjH3Q+ZFV3VWrEV2xiJvtQ3IG8=", "zMv0hycuJ/8stBYb9Z7YTva+/D+wdjVOQhtXsnLaa+U=",
      "PjsWJ0660Ili+lce7/2N3FgzH/OiPXvXsthKSgZfHIU=", "aj4aV2JfSNzfGZ8/kkM4++QE1McQJki9Yu39RSFPAnM=",
      "yAMA/MLhZ92nJehtKB/4JhILkaiW2HxKOueSVXuN4ZA=", "dD+WxJIvsuuCGo+1vhhCF+RXtQgxR4/9uxCB3zx3zWU=",
      "Y9TldO9rV2Bvn1rrhx8jsQshQGvXUIJNxBcKNW6Adyk=", "r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=",
      "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=", "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=",
      "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=", "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=",
      "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=", "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=",
      "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=", "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {256,
     "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4=",
     {"r4NFhmVItaPNWPVlQ4PvcEzw6oGYJx0voXJ2X+pc1uM=", "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=",
      "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=", "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=",
      "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=", "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=",
      "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=", "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=",
      "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {257,
     "XB/f6DU1gCLyOS3keNvgU/wTDP4dOggoeakM9r8Uv34=",
     {"och3qCTSUz777hlgt/L+QiRFD2nDsOPT6crMdZzizvM=", "Zzfq7PJKMKRDW+Ia/QZ10zhbqJndwwIq2D/EJrcmocg=",
      "2weeEv1ePZMy8exWWKzE6FpvDpAzz2A1iesE6ylmbLA=", "7A6bpI1GmR6NGFgFuj/BgvreGpnnWjMh7jpUpfFX/9Y=",
      "j5skCCcPLx74uhIGjb2eVcJW3MNaAyitOgRkyFHQZow=", "v0dikrucGz5rXeXt96RtXdQFP3sKvfT+qOw4RgGnaMA=",
      "ECgX8ArIi8hnsvXRdxY7vdP39aJQ6sl5CPVd7COPVeA=", "35gS6rZI52JFzolF1+xmLE+EjX3wtgiX2pjiJtt9/MM=",
      "X0lwc1GelAdJL11LxsgRPBuAYkJOTDaPqahSU7oHGMA=", "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4=",
      "L8tGi86kFvc2hEQQRWUeU0lLXbaqLw+wT7lZIXHaXC8=", "0b7LXOAwfSezzp2uo8qgPu+2xdA+A+xFVuGxdr/Nuxw=",
      "Z5sctqI+Cou6XBxcZsVg/MBgXDw9obslefQU+Jgiim0=", "MHXBLd5zWIlvY330y5ieUKSb5ZEwlu8HHWASF2jIW9M=",
      "8tZ4V3f/KDRPFGWXf9xxl8d/w91+iJIH57rbY4MK0RQ=", "7zSaqkObRMAO1qOg+ktwexHMlkXo+y4RsS3uP4aL5Dk=",
      "5sRRf2NUQ4GZfCdVpMuz3r8npIpNTQrDPtqeuQfsv7c=", "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {65535,
     "uM1QRqGZab3H6JKJJyOQtA3WarGKeGbCC4kgpnUmaKU=",
     {"H6U0xppmYFX1ZiR7/9lYSIU9S0O5Q4RZRv+710DwvVU=", "+Bo2B1PFKVk6nrHrfh68aKBoJaKWVCJCswD5mvrQf2U=",
      "S/LFDp5+Im4k8cPbHkO7tTx3LS7kWOcSkVDURDoDxBk=", "nSu5bs2THlBZ7egk0PzV+GzYK3aAh7+mhMzTRQ3OwYY=",
      "Cet3JCiT/n3GPMi4bOFNd+zQZ+ZUH1+gVHGEBfJcQiM=", "3+3Nk5gZeuu9KkVSLBTpydO+2Wjsg7V0QiVnAHM2QlQ=",
      "fqpD8I7EsyprfCr02249D1jeGY464RtwYQVpJlkvi0k=", "It8IftnIiRzTUkUtjs2YxM2XlC4TrapgmGAupqcxF98=",
      "7BzGk7J+ba5K7+/rSH+gF9tHOqWcJ4yqyLhLFH2uJ7k=", "+Ixsc7xfniS5pbzLGxqg2+Tl9t5M9okyu6kTZVcklEQ=",
      "uyH+PoKzve1qIL2Olay7bBDtmmt+UFzTUJ8u26OlRrk=", "5SAXnl3hCIv93Uy1gWjH1j+UC3dIbd3hG4XsBtvHEoY=",
      "pIvsLo0bttbIS0eplZIshFw1J+fUliMjMRRcGFNLCPk=", "hIYPb/F9zbj6gANFXGMIzIneCLdRIIZzghgKoCbkBpM=",
      "lgtW96vM7gWGgEy5OVRQ5ZImYa3C4PYvay83R9+J7Uc=", "7dH1vmFDWCtUUZynY+11Uf6yZh+3oP0wKVAHVPx9+pk=",
      "Ofh0XGtQuSvUXKp/aTX6rXJLsIS3gqWe6Rdg6cf2zPY=", "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {65536, "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac=", {"ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM="}},
    {65537,
     "uZxXCq8TuW4CY4Po4lLmnHFCs61+bgJk89wQ39iE2MU=",
     {"si1RDbKQuNc9NDO/YALutb/JFCgYhFWTBK6pmHQB+lU=", "tAd+i3hbK7OItu/BvSskJ65hCssq+WuYQ2jG76lqqoM=",
      "nyhTwmMXth7wVRCEZUAXSix2paZpUY/CMmO3DziSAwo=", "T+ne9/lZLUynRcVF5OSECgtEUCTMIxPzpdS3Vp870I0=",
      "82lW83k46qp4dTHLUryUlqSmNZS45Pf4FhDQPDz4ykM=", "bXWAkSSDSNc9AeawHdP7YkNTebBtFEQuMbVm83hQtgE=",
      "e/LEJhwQleEUP3QOTUp6j09aKonqC1uDoEbWg74Hizk=", "cmcv7lQMXxC8w6ygjGsjOnltrMwK0npT5/8stYdM5QM=",
      "VvzkM/G/IrFkzur+Pcsqya9KWLhKUr8eJaGqbNSM/ZA=", "Rw06gMABduB8q7PkMJdytR3vC3pVk2TKqQqAV5Tqw70=",
      "5lFLUr0BFtNdktaAuHOKQMgspty0nsA5qifUbtNmEyw=", "J1AhopZjYPC1qwFsH7UmXRW1i32oRV5n1+l4WrBx9mA=",
      "u3YeSMsL5QrrJgjSnlpkbZ7wk06+HfmwMcjSXcrj+bk=", "bb19pXfXRBELcMYUbEvsfodvsi/+r0bvHYDmR1PnEPI=",
      "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac="}},
};

// SHA-256 of the file's content, hex.
struct TileDigest {
  std::string_view path;
  std::string_view sha256;
};
inline std::vector<TileDigest> const kTiles{
    {"tile/0/000", "b0f6ca2ff42508faf8c6bb4ea8bb9c74243b19d4174fdc4fd17bdad9099e605e"},
    {"tile/0/001", "5b4af7f8c276af63acf25814d12ef3d04d3ed33d10431e9f8535876604e53acf"},
    {"tile/0/002", "5537abfd2ac6858fe31ad8cd046bcb350686e4d68995c5f8b81eb9e171602b36"},
    {"tile/0/272", "d376c973cfc357a060af6fd76db51abc5ab4d7be4511104f90d4a433d73f1ecf"},
    {"tile/0/273.p/112", "e31da4e768fc0d0f1f1f0046a1c4b68d71326b04a07951a7d3dcefef0de9b8cd"},
    {"tile/1/000", "44f879be76da41edaf37c0d67303fbd25f2ea44be93285b320561fbaaaaabbfa"},
    {"tile/1/001.p/17", "5a8eb2fe63c90ddf7fd813d165c04fa79d6eca48534b61bd312fcd2d1cf0aef3"},
    {"tile/2/000.p/1", "7e27fb89709243536fe26030f273fc9f7a73443f5e7ec296b3053aa520623e76"},
};

}  // namespace fabrica::tlog::vectors
