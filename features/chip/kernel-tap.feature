Feature: What a till makes of a tap
  The limits of the till say whether a card may be tapped at all, whether its holder is to be verified, and who is asked.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @KRN-027 @host-control
  Scenario: At the contactless limit the card is to be inserted
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF20 | 000000010000 |
    When Carol taps her card for 100.00 CNY at "T1"
    Then "T1" shows INSERT_CARD
    And Carol's chip was given "SELECT" 0 times

  @KRN-027 @host-control
  Scenario: The inserted card pays what could not be tapped
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF20 | 000000010000 |
    When Carol taps her card for 100.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 051   |
    And Carol's card holds 900.00 CNY

  @KRN-028 @host-control
  Scenario: A large tap wants a PIN
    Given Carol's debit card holds 3000.00 CNY
    When Carol taps her card for 1500.00 CNY at "T1"
    Then "T1" shows ENTER_PIN
    And "T1" shows APPROVED
    And the cardholder verification of the 1st sale says "online PIN; unknown"
    And Carol's card holds 1500.00 CNY

  @KRN-029 @host-control
  Scenario: A tap of just the no-PIN limit needs no PIN
    Given the chip parameters of "T1" say
      | tag  | value        |
      | DF21 | 000000010000 |
    When Carol taps her card for 300.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And Carol's card holds 700.00 CNY

  @KRN-030 @host-control
  Scenario: A tap over the contactless floor limit goes to the host
    Given Carol's card is of kind "visa-credit"
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's card holds 990.00 CNY

  @KRN-031 @host-control
  Scenario: A phone that wants its owner first is not sent to the slot
    Given Carol's card is of kind "phone"
    When Carol taps her card for 1500.00 CNY at "T1"
    Then "T1" shows SEE_PHONE
    And "T1" does not show INSERT_CARD

  @KRN-032 @host-control
  Scenario: An offline approval whose signature is wrong pays nothing
    Given Carol's card is of kind "visa-credit"
    And Carol's chip spoils "9F4B" at "GET PROCESSING OPTIONS"
    And the chip parameters of "T1" say
      | tag  | value        |
      | DF19 | 000000020000 |
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows SUSPECTED_FRAUD
    And Carol's card holds 1000.00 CNY

  @KRN-050 @host-control
  Scenario: A phone that has verified its owner is not followed by a PIN
    Given Carol's card is of kind "phone"
    And Carol's debit card holds 3000.00 CNY
    And Carol confirms on her phone
    When Carol taps her card for 1500.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And Carol's card holds 1500.00 CNY

  @KRN-031 @KRN-050 @host-control
  Scenario: A phone pays after its owner has done what it wants
    Given Carol's card is of kind "phone"
    And Carol's debit card holds 3000.00 CNY
    When Carol taps her card for 1500.00 CNY at "T1"
    And Carol confirms on her phone
    And Carol taps her card again at "T1"
    Then "T1" shows SEE_PHONE
    And "T1" shows APPROVED
    And "T1" does not show ENTER_PIN
    And Carol's card holds 1500.00 CNY

  @KRN-051 @host-control
  Scenario: A listed card does not approve by itself
    Given Carol's card is of kind "visa-credit"
    And Carol's card is on the exception file of "T1"
    And the chip parameters of "T1" say
      | tag  | value        |
      | DF19 | 000000020000 |
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And Carol's card holds 1000.00 CNY

  @KRN-058 @host-control
  Scenario: The issuer hears that a tapped card is listed
    Given Carol's card is of kind "mastercard-credit"
    And Carol's card is on the exception file of "T1"
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the terminal verification results of the 1st sale say "card on the exception file; application versions differ; amount over the floor limit"
